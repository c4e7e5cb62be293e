import { agents, executors, frameworks, offers, roles, tasks } from "../client/handles.ts";
import { Connection } from "../cluster/connection.ts";
import { isNotFound } from "../cluster/errors.ts";

/** What kubectl hands to a plugin, and the flags that mean the same as kubectl's. */
export interface GlobalOptions {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly operatorNamespace: string;
}

/** A message for the person at the terminal; the program ends with 1. */
export class CliError extends Error {
  override readonly name = "CliError";
}

/** The cluster and the namespace that a command works on. */
export class CliContext {
  readonly connection: Connection;
  readonly namespace: string;
  /** Absent when the command is for all namespaces. */
  readonly selection: { readonly namespace?: string };
  readonly operatorNamespace: string;
  readonly kubeconfig: string | undefined;
  readonly contextName: string | undefined;
  readonly write: (text: string | Uint8Array) => void;

  static async open(options: GlobalOptions, write: (text: string | Uint8Array) => void): Promise<CliContext> {
    const connection = await Connection.load({
      userAgent: "kubectl-mesos",
      ...(options.kubeconfig === undefined ? {} : { kubeconfig: options.kubeconfig }),
      ...(options.context === undefined ? {} : { context: options.context }),
    });
    return new CliContext(connection, options, write);
  }

  private constructor(
    connection: Connection,
    options: GlobalOptions,
    write: (text: string | Uint8Array) => void,
  ) {
    this.connection = connection;
    this.namespace = options.namespace ?? connection.namespace;
    this.selection = options.allNamespaces === true ? {} : { namespace: this.namespace };
    this.operatorNamespace = options.operatorNamespace;
    this.kubeconfig = options.kubeconfig;
    this.contextName = options.context;
    this.write = write;
  }

  get kinds() {
    return {
      agents: agents(this.connection),
      executors: executors(this.connection),
      frameworks: frameworks(this.connection),
      offers: offers(this.connection),
      roles: roles(this.connection),
      tasks: tasks(this.connection),
    };
  }

  /** The call's answer; a missing object becomes a sentence. */
  async found<T>(what: string, call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (cause) {
      if (isNotFound(cause)) throw new CliError(`${what} not found`, { cause });
      throw cause;
    }
  }
}
