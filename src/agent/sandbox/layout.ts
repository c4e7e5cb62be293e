import { join } from "node:path";
import { BUILT_IN_FRAMEWORK } from "../../api/group.ts";

export interface TaskName {
  readonly namespace: string;
  /** Absent: the built-in one. */
  readonly framework?: string | undefined;
  readonly name: string;
  readonly uid: string;
}

/** What lies where below the agent's work directory. */
export class Layout {
  /** The work directory. */
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Records of the tasks that the agent has taken on. */
  get records(): string {
    return join(this.root, "meta", "tasks");
  }

  /** Records of executors. */
  get executorRecords(): string {
    return join(this.root, "meta", "executors");
  }

  get sandboxes(): string {
    return join(this.root, "sandboxes");
  }

  /** Persistent volumes: `<role>/<id>` below. */
  get volumes(): string {
    return join(this.root, "volumes", "roles");
  }

  /** What each persistent volume is, beside its data: a task cannot change it. */
  get volumeIdentities(): string {
    return join(this.root, "volumes", "identities");
  }

  get uriCache(): string {
    return join(this.root, "cache", "uris");
  }

  /** Files on their way into a sandbox; on the same file system. */
  get spool(): string {
    return join(this.root, "cache", "spool");
  }

  /** Where the containerizer keeps its own. */
  get containers(): string {
    return join(this.root, "runtime");
  }

  /** A file system in memory. */
  get secrets(): string {
    return join(this.root, "secrets");
  }

  /** Mount points of the volumes that come to an executor while it runs. */
  lateVolumes(uid: string): string {
    return join(this.root, "late-volumes", uid);
  }

  sandbox({ namespace, framework, name, uid }: TaskName): string {
    return join(this.sandboxes, namespace, framework ?? BUILT_IN_FRAMEWORK, `${name}-${uid}`);
  }

  /** Of an executor, apart from those of tasks: its tasks' own sandboxes lie in it. */
  executorSandbox({ namespace, framework, name, uid }: TaskName): string {
    const parent = join(this.sandboxes, namespace, framework ?? BUILT_IN_FRAMEWORK, EXECUTORS);
    return join(parent, `${name}-${uid}`);
  }

  secretsOf(uid: string): string {
    return join(this.secrets, uid);
  }

  /** As in Mesos: a role is one folder, its slashes are blanks (src/slave/paths.cpp getPersistentVolumePath()). */
  volume({ role, id }: VolumeName): string {
    return join(this.volumes, role.replaceAll("/", " "), id);
  }

  volumeIdentity({ role, id }: VolumeName): string {
    return join(this.volumeIdentities, role.replaceAll("/", " "), id);
  }
}

/** What names the sandbox of a task or an executor. */
export const sandboxName = ({
  metadata: { name, namespace = "", uid },
  spec: { framework },
}: Named): TaskName => ({ namespace, name, uid, framework });

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string };
  readonly spec: { readonly framework?: string | undefined };
}

/** Folder of a framework's executor sandboxes: no sandbox of a task has this name. */
export const EXECUTORS = "executors";

/** Names a persistent volume of this agent. */
export interface VolumeName {
  readonly role: string;
  readonly id: string;
}

/** The role that a folder below Layout.volumes stands for. */
export const roleOfFolder = (folder: string): string => folder.replaceAll(" ", "/");

/** The uid at the end of a sandbox's folder name; undefined: it is no sandbox. */
export function uidOfSandbox(folder: string): string | undefined {
  return folder.match(/-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/)?.[1];
}
