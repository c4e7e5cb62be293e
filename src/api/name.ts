import { z } from "zod";
import { worded } from "./rule.ts";

/** A DNS subdomain, as Kubernetes object names are. */
export const objectName = worded(
  z.string().min(1).max(253),
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  "must be an object's name: small letters, digits, '-' and '.', with a letter or digit at both ends",
);

/**
 * A Mesos role: `*` or a path such as `eng/ads`. Components start with a letter, a digit or
 * `_`: narrower than Mesos (src/common/roles.cpp), which also takes any other printable text.
 */
export const rolePath = worded(
  z.string().min(1).max(255),
  /^(\*|[A-Za-z0-9_][-A-Za-z0-9_.]*(\/[A-Za-z0-9_][-A-Za-z0-9_.]*)*)$/,
  "must be * or a role path such as eng/ads: names of letters, digits, '_', '-' and '.', each beginning with a letter, a digit or '_', with single slashes between them",
).describe("A role: '*', or a path of names such as 'eng/ads'.");

/** A Mesos id (task, executor, volume): any printable text without a slash, not `.` or `..`. */
export const mesosId = worded(
  z.string().min(1).max(255),
  /^([^\s/\\.]|\.[^\s/\\.]|\.\.[^\s/\\])[^\s/\\]*$/,
  "must be an id: no spaces, no slashes, and neither . nor ..",
);

/** The name of a resource or of an attribute. */
export const resourceName = worded(
  z.string().min(1).max(63),
  /^[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?$/,
  "must be a name of letters, digits, '-', '_', '.' and '/', with a letter or digit at both ends",
);

export const timestamp = z.string().max(64).meta({ format: "date-time" });
