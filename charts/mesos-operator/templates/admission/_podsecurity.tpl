{{/*
The Pod Security Standards for a task `t`, a rule a line: what must hold, and what else is said. The agent holds to the
same before it starts a task (src/agent/podsecurity); here they are told to the one who asks.
*/}}
{{- define "mesos.podSecurityRules" -}}
- must: "!has(t.container) || !has(t.container.privileged) || !t.container.privileged"
  says: container.privileged must not be true
- must: "!has(t.container) || !has(t.container.network) || t.container.network.mode != 'Host'"
  says: "container.network.mode must be CNI: the node's network is not allowed"
- must: "!has(t.container) || !has(t.container.network) || !has(t.container.network.portMappings) || size(t.container.network.portMappings) == 0"
  says: "container.network.portMappings must be empty: ports of the node are not allowed"
- must: "!has(t.volumes) || t.volumes.all(v, !has(v.hostPath))"
  says: "volumes must not have hostPath"
- must: "!has(t.uris) || t.uris.all(u, u.value.startsWith('http:') || u.value.startsWith('https:'))"
  says: "uris must be http or https: files of the node are not allowed"
- must: "!has(t.container) || !has(t.container.addCapabilities) || t.container.addCapabilities.all(c, (c.startsWith('CAP_') ? c.substring(4) : c) in variables.capabilities)"
  says: "container.addCapabilities must be among those that the level allows"
- must: "variables.level == 'baseline' || !has(t.container) || !has(t.container.user) || !t.container.user.matches('^(root|0+)(:|$)')"
  says: "container.user must not be root"
{{- end -}}

{{- define "mesos.podSecurityVariables" -}}
- name: level
  expression: "namespaceObject.metadata.labels['pod-security.kubernetes.io/enforce'] == 'baseline' ? 'baseline' : 'restricted'"
- name: capabilities
  expression: >-
    variables.level == 'baseline'
    ? ['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP',
    'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT']
    : ['NET_BIND_SERVICE']
{{- end -}}

{{/* Namespaces that enforce a level above privileged; without a label nothing is enforced, as for Pods. */}}
{{- define "mesos.podSecurityNamespaces" -}}
namespaceSelector:
  matchExpressions:
    - { key: pod-security.kubernetes.io/enforce, operator: Exists }
    - { key: pod-security.kubernetes.io/enforce, operator: NotIn, values: [privileged] }
{{- end -}}

{{/* The rules as validations of each list of tasks that `lists` has: where it lies, and whether it is there. */}}
{{- define "mesos.podSecurityValidations" -}}
{{- $lists := .lists -}}
{{- $around := .around -}}
{{- range $rule := include "mesos.podSecurityRules" . | fromYamlArray }}
{{- $parts := list -}}
{{- range $lists -}}
{{- $parts = append $parts (printf "(%s || %s.all(t, %s))" .absent .at $rule.must) -}}
{{- end }}
- expression: {{ printf $around (join " && " $parts) | quote }}
  messageExpression: {{ printf "\"namespace \" + request.namespace + \" enforces pod-security level \" + variables.level + \": %s\"" $rule.says | quote }}
  reason: Forbidden
{{- end }}
{{- end -}}
