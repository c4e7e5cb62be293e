import { GROUP } from "../api/group.ts";
import type { Connection } from "../cluster/connection.ts";
import type { User } from "./authenticator.ts";

/** What somebody wants to do: a verb on one of this project's resources. */
export interface Action {
  readonly verb: "get" | "list" | "create" | "update" | "delete" | "use";
  /** Plural: frameworks, roles, quotas. */
  readonly resource: string;
  /** A part of it, such as the log of a task. */
  readonly subresource?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** Kubernetes' RBAC decides. */
export interface Authorizer {
  /** Rejects when it cannot be told now. */
  allows(user: User, action: Action): Promise<boolean>;
}

interface Review {
  readonly status?: { readonly allowed?: boolean };
}

/** By SubjectAccessReview. */
export class AccessReviews implements Authorizer {
  readonly #connection: Pick<Connection, "call">;

  constructor(connection: Pick<Connection, "call">) {
    this.#connection = connection;
  }

  async allows(user: User, action: Action): Promise<boolean> {
    const { username, ...rest } = user;
    const { status } = (await this.#connection.call({
      method: "POST",
      path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: { user: username, ...rest, resourceAttributes: { group: GROUP, ...action } },
      },
    })) as Review;
    return status?.allowed === true;
  }
}

/** What is said of an action that is not allowed. */
export const describeAction = ({ verb, resource, subresource, name, namespace }: Action): string =>
  `${verb} ${resource}.${GROUP}${subresource === undefined ? "" : `/${subresource}`}${name === undefined ? "" : ` '${name}'`}${namespace === undefined ? "" : ` in the namespace '${namespace}'`}`;
