import { aborted } from "../../../src/cluster/aborted.ts";
import type { KubeObject, Live } from "../../../src/cluster/object.ts";
import type { Resource } from "../../../src/cluster/resource.ts";
import type { Clients } from "../../../src/controllers/clients.ts";

/** What a reflector reads, by a watch: nothing of it ever changes by itself. */
function inMemory<T extends KubeObject>(plural: string, items: readonly Live<T>[]): Resource<T> {
  const source: Pick<Resource<T>, "type" | "watch"> = {
    type: { group: "", version: "v1", kind: plural, plural, namespaced: true },
    async *watch({ signal, onOpen }) {
      onOpen?.();
      for (const object of items) yield { type: "ADDED", object: object as Live<T> };
      yield { type: "BOOKMARK", resourceVersion: "1", complete: true };
      if (signal !== undefined) await aborted(signal);
    },
  };
  return source as Resource<T>;
}

export type Lists = { readonly [Kind in keyof Clients]?: Parameters<typeof inMemory>[1] };

/** Clients that know these objects, and whose writes are not to be used. */
export function clientsOf(lists: Lists): Clients {
  const kinds = [
    "agents",
    "executors",
    "frameworks",
    "offers",
    "quotas",
    "reservations",
    "roles",
    "tasks",
  ] as const;
  const core = ["leases", "namespaces", "nodes", "pods"] as const;
  return Object.fromEntries(
    [...kinds, ...core].map((kind) => [kind, inMemory(kind, lists[kind] ?? [])]),
  ) as unknown as Clients;
}
