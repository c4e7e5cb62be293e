import type { Agent } from "../../api/agent.ts";
import {
  API_VERSION,
  LABEL_AGENT,
  LABEL_SLOT,
  SLOT_CONTAINER,
  SLOT_FINALIZER,
  slotPodName,
} from "../../api/group.ts";
import type { Pod } from "../../cluster/core.ts";
import type { Live } from "../../cluster/object.ts";
import type { OperatorConfig } from "../../config/operator.ts";
import { BASE, requestsOf } from "./size.ts";

/**
 * Seconds that the kubelet leaves a slot Pod after it was told to end. Its process does not heed SIGTERM, so an eviction (kubectl drain) leaves
 * the tasks under it this long to be killed by their own grace; when none is left the agent ends the process.
 */
export const SLOT_GRACE_SECONDS = 3600;
/** Seconds of sleep: 68 years, the most that every `sleep` understands. */
const FOREVER = "2147483647";
const NOBODY = 65534;

type Tolerations = NonNullable<NonNullable<Pod["spec"]>["tolerations"]>;

/**
 * The slot Pod of an agent, of the smallest size. It is made with a node name, not scheduled. Requests without limits: Burstable, and the
 * Pod's cgroup, which the tasks' cgroups lie under, has no limit of its own. The Agent is its controller, so
 * `kubectl drain` takes it for a managed Pod and evicts it without --force.
 */
export function slotPod(agent: Live<Agent>, { namespace, slot }: OperatorConfig): Pod {
  const { name, uid } = agent.metadata;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: slotPodName(name),
      namespace,
      labels: {
        [LABEL_SLOT]: "true",
        "app.kubernetes.io/name": "mesos-slot",
        "app.kubernetes.io/part-of": "mesos-operator",
        ...labelOf(name),
      },
      finalizers: [SLOT_FINALIZER],
      ownerReferences: [{ apiVersion: API_VERSION, kind: "Agent", name, uid, controller: true }],
    },
    spec: {
      nodeName: name,
      ...(slot.priorityClassName !== "" && { priorityClassName: slot.priorityClassName }),
      restartPolicy: "Always",
      terminationGracePeriodSeconds: SLOT_GRACE_SECONDS,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      tolerations: slot.tolerations as unknown as Tolerations,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: NOBODY,
        runAsGroup: NOBODY,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: SLOT_CONTAINER,
          image: slot.image,
          imagePullPolicy: slot.imagePullPolicy,
          // The first process of a container gets no signal that it does not handle: SIGTERM does nothing to it.
          command: ["sleep", FOREVER],
          resources: { requests: requestsOf(BASE) },
          resizePolicy: [
            { resourceName: "cpu", restartPolicy: "NotRequired" },
            { resourceName: "memory", restartPolicy: "NotRequired" },
          ],
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
        },
      ],
    },
  };
}

/** Node names may be longer than a label's value. */
const labelOf = (name: string): Record<string, string> => (name.length <= 63 ? { [LABEL_AGENT]: name } : {});
