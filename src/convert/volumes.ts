import type { Volume as VolumeSpec } from "../api/container.ts";
import { enumName } from "../wire/enums.ts";
import {
  type Volume,
  Volume_Mode,
  type Volume_Source,
  Volume_Source_HostPathSchema,
  Volume_Source_SandboxPath_Type,
  Volume_Source_Type,
  Volume_Source_TypeSchema,
  VolumeSchema,
} from "../wire/gen/mesos/v1/mesos_pb.ts";
import { secretReference } from "./command.ts";
import { onlyFields, Unsupported } from "./unsupported.ts";

export function volumeSpec(volume: Volume): VolumeSpec {
  onlyFields(VolumeSchema, volume, ["mode", "container_path", "host_path", "source"], "container.volumes");
  const { containerPath, hostPath, source } = volume;
  const mode = volume.mode === Volume_Mode.RO ? ("RO" as const) : ("RW" as const);
  if ((hostPath === "") === (source === undefined)) {
    throw new Unsupported(
      "Invalid volume: Only one of them should be set: 'host_path', 'image' and 'source'",
    );
  }
  if (source !== undefined) return { containerPath, mode, ...sourceSpec(source) };
  // A relative one lies in the sandbox.
  return { containerPath, mode, ...(hostPath.startsWith("/") ? { hostPath } : { sandboxPath: hostPath }) };
}

function sourceSpec(source: Volume_Source): Partial<VolumeSpec> {
  const { hostPath, sandboxPath, secret } = source;
  switch (source.type) {
    case Volume_Source_Type.HOST_PATH:
      if (hostPath === undefined) throw unset("host_path", "HOST_PATH");
      onlyFields(Volume_Source_HostPathSchema, hostPath, ["path"], "container.volumes.source.host_path");
      return { hostPath: hostPath.path };
    case Volume_Source_Type.SANDBOX_PATH:
      if (sandboxPath === undefined) throw unset("sandbox_path", "SANDBOX_PATH");
      return sandboxPath.type === Volume_Source_SandboxPath_Type.PARENT
        ? { executorPath: sandboxPath.path }
        : { sandboxPath: sandboxPath.path };
    case Volume_Source_Type.SECRET: {
      if (secret === undefined) throw unset("secret", "SECRET");
      const { name, key } = secretReference(secret, "a volume");
      if (key !== undefined) throw new Unsupported("a volume of one key of a secret is not supported");
      return { secret: name };
    }
    default:
      throw new Unsupported(
        `a volume of type ${enumName(Volume_Source_TypeSchema, source.type)} is not supported`,
      );
  }
}

const unset = (field: string, type: string): Unsupported =>
  new Unsupported(`Invalid volume: 'source.${field}' is not set for ${type} volume`);
