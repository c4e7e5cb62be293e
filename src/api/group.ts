/** Names that every program and every manifest agree on. */
export const GROUP = "mesos.dev";
export const VERSION = "v1alpha1";
export const API_VERSION = `${GROUP}/${VERSION}` as const;

/** On a Framework that a SUBSCRIBE by the Mesos API has made: its FrameworkInfo as it was given. */
export const INFO_ANNOTATION = `${GROUP}/framework-info`;
/** On a Framework that subscribed by the Mesos API with an id that it brought along: its FrameworkID. */
export const FRAMEWORK_ID_ANNOTATION = `${GROUP}/framework-id`;

/** Finalizer of a Task: removed once its end is reported and its node holds nothing of it. */
export const TASK_FINALIZER = `${GROUP}/task`;
/** Finalizer of an Executor: removed once it has ended and its node holds nothing of it. */
export const EXECUTOR_FINALIZER = `${GROUP}/executor`;
/** Finalizer of a Framework: removed once its offers are rescinded and its tasks have ended. */
export const FRAMEWORK_FINALIZER = `${GROUP}/framework`;
/** Finalizer of a Reservation: removed once no task holds what it reserves. */
export const RESERVATION_FINALIZER = `${GROUP}/reservation`;
/** Finalizer of an Agent: removed once each of its tasks has ended in a reported state. */
export const AGENT_FINALIZER = `${GROUP}/agent`;
/** Finalizer of a slot Pod: keeps the record of a slot until its tasks are accounted for. */
export const SLOT_FINALIZER = `${GROUP}/slot`;

export const LABEL_FRAMEWORK = `${GROUP}/framework`;
export const LABEL_ROLE = `${GROUP}/role`;
export const LABEL_AGENT = `${GROUP}/agent`;
export const LABEL_OFFER = `${GROUP}/offer`;
/** Marks the one Pod a node whose requests stand for what Mesos tasks hold there. */
export const LABEL_SLOT = `${GROUP}/slot`;

/** The container of a slot Pod. */
export const SLOT_CONTAINER = "slot";
/** What a slot Pod requests for itself, beside its tasks: milli-cpus and bytes. */
export const SLOT_BASE = { cpuMilli: 10, memoryBytes: 16 * 1024 * 1024 } as const;

/** The name under which tasks without a framework are offered to and accounted. */
export const BUILT_IN_FRAMEWORK = "mesos";

export const slotPodName = (node: string): string => `mesos-slot-${node}`;
export const agentLeaseName = (node: string): string => `mesos-agent-${node}`;
export const frameworkLeaseName = (framework: string): string => `mesos-framework-${framework}`;
/** The ValidatingAdmissionPolicy that judges specs of a kind beside the schema; see Kind.admission. */
export const policyName = (plural: string): string => `${plural}.${GROUP}`;
