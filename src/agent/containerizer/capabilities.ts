import { InvalidSpecError } from "./errors.ts";
import type { Security } from "./spec.ts";

/** Linux capabilities in the order of their bits (include/uapi/linux/capability.h). */
const ALL =
  `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE
SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM
BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`
    .split(/\s+/)
    .map((name) => `CAP_${name}`);

/** The set that container engines give by default. */
const DEFAULT =
  `CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE`
    .split(" ")
    .map((name) => `CAP_${name}`);

/** The names in a mask such as CapEff of /proc/<pid>/status. */
export function capabilitiesOfMask(hex: string): string[] {
  const mask = BigInt(`0x${hex}`);
  return ALL.filter((_, bit) => (mask >> BigInt(bit)) & 1n);
}

function normalise(name: string): readonly string[] {
  const upper = name.toUpperCase();
  if (upper === "ALL") return ALL;
  const full = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  if (!ALL.includes(full)) throw new InvalidSpecError(`capability ${name} is not known`);
  return [full];
}

/**
 * default + added - dropped, as container engines count: a name both added and dropped is kept, unless it came by "ALL". Nothing that the
 * agent lacks itself is given: the runtime would refuse the whole container.
 */
export function capabilitiesFor(security: Security, own: readonly string[]): string[] {
  if (security.privileged) return ALL.filter((name) => own.includes(name));
  const dropped = new Set((security.dropCapabilities ?? []).flatMap(normalise));
  const result = new Set(DEFAULT.filter((name) => !dropped.has(name)));
  for (const name of security.addCapabilities ?? []) {
    const isAll = name.toUpperCase() === "ALL";
    for (const capability of normalise(name)) if (!isAll || !dropped.has(capability)) result.add(capability);
  }
  return ALL.filter((name) => result.has(name) && own.includes(name));
}
