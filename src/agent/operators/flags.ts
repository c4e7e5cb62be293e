import type { AgentConfig } from "../../config/agent.ts";
import { SANDBOX_TARGET } from "../environment/environment.ts";

/** The agent's configuration under the names of Mesos's flags, where there is one for it. */
export const flagsOf = (config: AgentConfig): Readonly<Record<string, string>> => ({
  port: String(config.http.port),
  work_dir: config.workDirectory,
  sandbox_directory: SANDBOX_TARGET,
  default_role: "*",
  isolation: "cgroups/cpu,cgroups/mem,cgroups/pids,filesystem/linux,network/cni,disk/du",
  containerizers: "mesos",
  image_providers: "docker",
  launcher: "linux",
  logging_level: config.logLevel.toUpperCase(),
  cgroups_enable_cfs: String(config.cfsQuota),
  network_cni_config_dir: config.network.configDirectory,
  network_cni_plugins_dir: config.network.binaryDirectories.join(":"),
  container_disk_watch_interval: config.sandboxDiskInterval,
  gc_delay: config.sandboxTtl,
  fetcher_cache_size: config.uriCacheSize,
  fetcher_cache_dir: `${config.workDirectory}/cache`,
});
