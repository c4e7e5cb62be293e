import { CoreV1Api, KubeConfig, VersionApi } from "@kubernetes/client-node";
import { expect, inject, test } from "vitest";

test("the API server of the run is a real one of the pinned version", async () => {
  const config = new KubeConfig();
  config.loadFromFile(inject("kubeconfig"));
  expect((await config.makeApiClient(VersionApi).getCode()).gitVersion).toBe("v1.36.3");
  const namespaces = await config.makeApiClient(CoreV1Api).listNamespace();
  expect(namespaces.items.map((item) => item.metadata?.name)).toContain("default");
});
