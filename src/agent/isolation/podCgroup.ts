/** Where a Pod's cgroup lies. */
export interface PodCgroup {
  /** Path below the hierarchy's mount point, as /proc/<pid>/cgroup gives it: "/kubepods/burstable/pod<uid>". */
  readonly path: string;
  readonly driver: "cgroupfs" | "systemd";
  /** v1: cpu, memory and pids are hierarchies of their own (hybrid counts as v1); v2: unified. */
  readonly version: "v1" | "v2";
}
