import type { Container, Volume as VolumeSpec } from "../api/container.ts";
import { enumName } from "../wire/enums.ts";
import {
  CapabilityInfo_CapabilitySchema,
  type ContainerInfo,
  type ContainerInfo_DockerInfo,
  ContainerInfo_DockerInfo_Network,
  ContainerInfo_DockerInfoSchema,
  ContainerInfo_Type,
  ContainerInfoSchema,
  Image_DockerSchema,
  Image_Type,
  LinuxInfo_IpcMode,
  LinuxInfoSchema,
  NetworkInfoSchema,
} from "../wire/gen/mesos/v1/mesos_pb.ts";
import { onlyFields, Unsupported } from "./unsupported.ts";
import { volumeSpec } from "./volumes.ts";

type Network = NonNullable<Container["network"]>;
type PortMapping = NonNullable<Network["portMappings"]>[number];

export interface ContainerParts {
  readonly container: Container;
  readonly volumes?: VolumeSpec[];
}

/** DOCKER and MESOS come to the same here: containerd runs both. */
export function containerParts(info: ContainerInfo): ContainerParts {
  const kind = info.type === ContainerInfo_Type.DOCKER ? "docker" : "mesos";
  const carried = ["type", "volumes", "hostname", kind, "network_infos", "linux_info"];
  onlyFields(ContainerInfoSchema, info, carried, "container");
  const network = networkOf(info);
  const container: Container = {
    imagePullPolicy: "IfNotPresent",
    ...(kind === "docker" ? dockerParts(info.docker) : mesosParts(info)),
    ...(info.hostname !== "" && { hostname: info.hostname }),
    ...linuxParts(info),
    ...(network && { network }),
  };
  const volumes = info.volumes.map(volumeSpec);
  return { container, ...(volumes.length > 0 && { volumes }) };
}

function dockerParts(docker: ContainerInfo_DockerInfo | undefined): Partial<Container> {
  if (docker === undefined) {
    throw new Unsupported("DockerInfo 'docker' is not set for DOCKER typed ContainerInfo");
  }
  const carried = ["image", "network", "port_mappings", "privileged", "force_pull_image"];
  onlyFields(ContainerInfo_DockerInfoSchema, docker, carried, "container.docker");
  return {
    image: docker.image,
    ...(docker.forcePullImage && { imagePullPolicy: "Always" as const }),
    ...(docker.privileged && { privileged: true }),
  };
}

function mesosParts({ mesos }: ContainerInfo): Partial<Container> {
  const image = mesos?.image;
  if (image === undefined) return {};
  if (image.type !== Image_Type.DOCKER || image.docker === undefined) {
    throw new Unsupported("'container.mesos.image' must be of type DOCKER: APPC is not supported");
  }
  onlyFields(Image_DockerSchema, image.docker, ["name"], "container.mesos.image.docker");
  return { image: image.docker.name, ...(!image.cached && { imagePullPolicy: "Always" as const }) };
}

/** Mesos's default is the host's network, whatever the namespace's; a network by name is CNI's. */
function networkOf(info: ContainerInfo): Network | undefined {
  const [first, ...others] = info.networkInfos;
  if (others.length > 0) throw new Unsupported("more than one of 'container.network_infos' is not supported");
  if (first !== undefined) {
    onlyFields(NetworkInfoSchema, first, ["name", "port_mappings"], "container.network_infos[0]");
  }
  const mappings = portMappings([...(info.docker?.portMappings ?? []), ...(first?.portMappings ?? [])]);
  const own: Network = {
    mode: "CNI",
    ...(first !== undefined && first.name !== "" && { name: first.name }),
    ...(mappings.length > 0 && { portMappings: mappings }),
  };
  if (info.type === ContainerInfo_Type.MESOS) return first === undefined ? undefined : own;
  switch (info.docker?.network) {
    case ContainerInfo_DockerInfo_Network.BRIDGE:
    case ContainerInfo_DockerInfo_Network.USER:
      return own;
    case ContainerInfo_DockerInfo_Network.NONE:
      throw new Unsupported("'container.docker.network' NONE is not supported");
    default:
      if (mappings.length > 0) {
        throw new Unsupported("Port mappings are only supported for bridge and user-defined networks");
      }
      return { mode: "Host" };
  }
}

function portMappings(
  list: readonly { readonly hostPort: number; readonly containerPort: number; readonly protocol: string }[],
): PortMapping[] {
  return list.map(({ hostPort, containerPort, protocol }) => {
    const word = protocol.toLowerCase();
    if (word !== "" && word !== "tcp" && word !== "udp") {
      throw new Unsupported(`a port mapping of the protocol '${protocol}' is not supported`);
    }
    return { hostPort, containerPort, protocol: word === "udp" ? "udp" : "tcp" };
  });
}

/** Effective capabilities are those of the process: all others of the default set are dropped. */
function linuxParts({ linuxInfo }: ContainerInfo): Partial<Container> {
  if (linuxInfo === undefined) return {};
  const carried = ["effective_capabilities", "bounding_capabilities", "ipc_mode", "share_cgroups"];
  onlyFields(LinuxInfoSchema, linuxInfo, carried, "container.linux_info");
  if (!linuxInfo.shareCgroups) {
    throw new Unsupported("Only tasks in a task group may have 'share_cgroups' set to 'false'");
  }
  if (linuxInfo.ipcMode === LinuxInfo_IpcMode.SHARE_PARENT) {
    throw new Unsupported("'container.linux_info.ipc_mode' SHARE_PARENT is not supported");
  }
  const { effectiveCapabilities: effective, boundingCapabilities: bounding } = linuxInfo;
  const wanted = effective ?? bounding;
  if (wanted === undefined) return {};
  const within = bounding?.capabilities ?? wanted.capabilities;
  if (wanted.capabilities.some((one) => !within.includes(one))) {
    throw new Unsupported("Bounding capabilities do not contain the effective capabilities");
  }
  const names = wanted.capabilities.map((one) => enumName(CapabilityInfo_CapabilitySchema, one));
  return { dropCapabilities: ["ALL"], ...(names.length > 0 && { addCapabilities: [...new Set(names)] }) };
}
