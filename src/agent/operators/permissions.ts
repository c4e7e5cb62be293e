import type { Action } from "../../auth/authorizer.ts";

/** A task, as far as rights on it go. */
export interface TaskRef {
  readonly namespace: string;
  readonly name: string;
}

const task = (verb: Action["verb"], ref: TaskRef, subresource?: string): Action => ({
  verb,
  resource: "tasks",
  ...(subresource !== undefined && { subresource }),
  namespace: ref.namespace,
  name: ref.name,
});

/** What each thing that the API does takes, in terms of Kubernetes' RBAC: as close to Pods' as there is something like it. */
export const permissions = {
  /** To be shown the tasks of a namespace. */
  listTasks: (namespace: string): Action => ({ verb: "list", resource: "tasks", namespace }),
  getTask: (ref: TaskRef): Action => task("get", ref),
  /** The files of its sandbox. */
  readSandbox: (ref: TaskRef): Action => task("get", ref, "log"),
  /** To run something in its container, and to end that. */
  exec: (ref: TaskRef): Action => task("create", ref, "exec"),
  /** Input to what runs in its container, and output of it. */
  attach: (ref: TaskRef): Action => task("create", ref, "attach"),
  getAgent: (name: string): Action => ({ verb: "get", resource: "agents", name }),
  /** To change how much it logs. */
  setLogging: (name: string): Action => ({
    verb: "update",
    resource: "agents",
    subresource: "logging",
    name,
  }),
} as const;
