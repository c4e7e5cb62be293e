import type { Route } from "./routes.ts";

/** As Mesos's: 200 whenever there is somebody to answer. */
export const healthRoute: Route = {
  methods: ["GET"],
  paths: ["/health"],
  plain: true,
  handle: async () => ({ status: 200 }),
};
