/**
 * How resources are written in the API: a list, one entry a resource. These are the plain shapes;
 * `Resources.fromSpec` checks what a schema cannot.
 */

export type ReservationType = "STATIC" | "DYNAMIC";

export interface ReservationSpec {
  readonly type: ReservationType;
  readonly role: string;
  readonly principal?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** Both ends belong to the range. */
export interface RangeSpec {
  readonly begin: number;
  readonly end: number;
}

export interface DiskPersistenceSpec {
  /** Unique among the volumes of one role on one agent. */
  readonly id: string;
  readonly principal?: string | undefined;
}

export interface DiskVolumeSpec {
  readonly containerPath: string;
  readonly mode: "RW" | "RO";
}

/** Where the disk comes from; absent means the agent's work directory. MOUNT and BLOCK are never split. */
export interface DiskSourceSpec {
  readonly type: "PATH" | "MOUNT" | "BLOCK" | "RAW";
  readonly root?: string | undefined;
  readonly id?: string | undefined;
  readonly vendor?: string | undefined;
  readonly profile?: string | undefined;
}

export interface DiskSpec {
  readonly persistence?: DiskPersistenceSpec | undefined;
  readonly volume?: DiskVolumeSpec | undefined;
  readonly source?: DiskSourceSpec | undefined;
}

/** Exactly one of `scalar`, `quantity`, `ranges` and `set` is given. */
export interface ResourceSpec {
  readonly name: string;
  /** In the resource's own unit, three decimals count; mem and disk in MiB, as in Mesos. */
  readonly scalar?: number | undefined;
  /** A Kubernetes quantity; mem and disk in bytes (`256Mi`), all else in units (`500m`). */
  readonly quantity?: string | number | undefined;
  readonly ranges?: readonly RangeSpec[] | undefined;
  readonly set?: readonly string[] | undefined;
  /** A stack: the last is the innermost, each role below the one before it. Absent or empty: unreserved. */
  readonly reservations?: readonly ReservationSpec[] | undefined;
  readonly disk?: DiskSpec | undefined;
  readonly revocable?: boolean | undefined;
  /** Only a persistent volume can be shared. */
  readonly shared?: boolean | undefined;
}

/** An amount without identity, as quotas and minimal offers have it; exactly one of scalar and quantity. */
export interface AmountSpec {
  readonly name: string;
  readonly scalar?: number | undefined;
  readonly quantity?: string | number | undefined;
}
