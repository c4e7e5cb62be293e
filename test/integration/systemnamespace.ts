import { Connection } from "../../src/cluster/connection.ts";
import { namespaces, serviceAccounts } from "../../src/cluster/core.ts";

/** The operator's. */
export const SYSTEM = "mesos-system";

/** Makes it, with the service account that nobody makes here, and without which the API server admits no Pod. */
export async function makeSystemNamespace(kubeconfig: string): Promise<void> {
  const connection = await Connection.load({ userAgent: "test", kubeconfig });
  await namespaces(connection).create({ metadata: { name: SYSTEM } });
  await serviceAccounts(connection).create({ metadata: { name: "default", namespace: SYSTEM } });
  connection.close();
}
