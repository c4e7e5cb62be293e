{{- define "mesos.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "mesos.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "mesos.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "mesos.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "mesos.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "mesos.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: mesos-operator
{{- end -}}

{{- define "mesos.selector" -}}
app.kubernetes.io/name: {{ include "mesos.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* An image of values: repository, and digest, tag or appVersion. */}}
{{- define "mesos.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ default .root.Chart.AppVersion .image.tag }}
{{- end -}}
{{- end -}}

{{- define "mesos.operatorAccount" -}}
{{ include "mesos.fullname" . }}
{{- end -}}

{{- define "mesos.agentAccount" -}}
{{ include "mesos.fullname" . }}-agent
{{- end -}}

{{/* The names by which the API server knows the programs. */}}
{{- define "mesos.operatorUser" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "mesos.operatorAccount" . }}
{{- end -}}

{{- define "mesos.agentUser" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "mesos.agentAccount" . }}
{{- end -}}

{{- define "mesos.slotClass" -}}
{{ default (printf "%s-slot" (include "mesos.fullname" .)) .Values.slot.priorityClass.name }}
{{- end -}}

{{- define "mesos.gatewayName" -}}
{{ include "mesos.fullname" . }}-gateway
{{- end -}}

{{/* Empty unless the gateway needs a certificate. */}}
{{- define "mesos.gatewayTls" -}}
{{- if and .Values.gateway.enabled (not .Values.gateway.plain.enabled) }}true{{ end -}}
{{- end -}}

{{- define "mesos.gatewaySecret" -}}
{{ default (printf "%s-tls" (include "mesos.gatewayName" .)) .Values.gateway.tls.secretName }}
{{- end -}}

{{- define "mesos.gatewayTlsPath" -}}
/etc/mesos-gateway-tls
{{- end -}}

{{/* What the chart adds to the operator's configuration. */}}
{{- define "mesos.operatorConfig" -}}
{{- $config := deepCopy .Values.operator.config -}}
{{- $_ := set $config "namespace" .Release.Namespace -}}
{{- $_ := set $config "leaseName" (include "mesos.fullname" .) -}}
{{- $slot := deepCopy ($config.slot | default dict) -}}
{{- $_ := set $slot "image" (include "mesos.image" (dict "root" . "image" .Values.taskImage)) -}}
{{- $_ := set $slot "imagePullPolicy" .Values.taskImage.pullPolicy -}}
{{- $_ := set $slot "priorityClassName" (include "mesos.slotClass" .) -}}
{{- $_ := set $config "slot" $slot -}}
{{- $gateway := omit (deepCopy .Values.gateway) "plain" "tls" "service" -}}
{{- if include "mesos.gatewayTls" . -}}
{{- $path := include "mesos.gatewayTlsPath" . -}}
{{- $_ := set $gateway "tls" (dict "cert" (printf "%s/tls.crt" $path) "key" (printf "%s/tls.key" $path)) -}}
{{- end -}}
{{- $_ := set $gateway "agentPort" .Values.agent.http.port -}}
{{- $name := printf "%s.%s.svc" (include "mesos.agentName" .) .Release.Namespace -}}
{{- $_ := set $gateway "agentTls" (dict "ca" "/etc/mesos-agents-ca/ca.crt" "serverName" $name) -}}
{{- $_ := set $config "gateway" $gateway -}}
{{- toYaml $config -}}
{{- end -}}

{{- define "mesos.agentName" -}}
{{ include "mesos.fullname" . }}-agent
{{- end -}}

{{- define "mesos.agentSecret" -}}
{{ default (printf "%s-tls" (include "mesos.agentName" .)) .Values.agent.http.tls.secretName }}
{{- end -}}

{{- define "mesos.agentTlsPath" -}}
/etc/mesos-agent-tls
{{- end -}}

{{/* What the chart adds to the agent's configuration. */}}
{{- define "mesos.agentConfig" -}}
{{- $config := deepCopy .Values.agent.config -}}
{{- $_ := set $config "namespace" .Release.Namespace -}}
{{- $_ := set $config "defaultImage" (include "mesos.image" (dict "root" . "image" .Values.taskImage)) -}}
{{- $http := omit (deepCopy .Values.agent.http) "plain" "tls" -}}
{{- $_ := set $http "plain" .Values.agent.http.plain.enabled -}}
{{- $path := include "mesos.agentTlsPath" . -}}
{{- $_ := set $http "tls" (dict "cert" (printf "%s/tls.crt" $path) "key" (printf "%s/tls.key" $path)) -}}
{{- $_ := set $config "http" $http -}}
{{- $_ := set $config "operatorUser" (include "mesos.operatorUser" .) -}}
{{- toYaml $config -}}
{{- end -}}

{{/* The network of tasks that have an address of their own. */}}
{{- define "mesos.taskNetwork" -}}
{{- $ipam := dict "type" "host-local" "ranges" (list (list (dict "subnet" .Values.agent.taskNetwork.subnet))) "routes" (list (dict "dst" "0.0.0.0/0")) -}}
{{- $ptp := dict "type" "ptp" "ipMasq" true "ipam" $ipam -}}
{{- $portmap := dict "type" "portmap" "capabilities" (dict "portMappings" true) "snat" true -}}
{{- dict "cniVersion" "1.0.0" "name" .Values.agent.config.network.defaultName "plugins" (list $ptp $portmap) | toPrettyJson -}}
{{- end -}}

{{/* A certificate of its own making, in a Secret that is kept: root, component, secret (its name), name (a Service's), tls (values). */}}
{{- define "mesos.certificate" -}}
{{- $namespace := .root.Release.Namespace }}
{{- /* Empty without a cluster, as in `helm template`. */}}
{{- $data := (lookup "v1" "Secret" $namespace .secret).data | default dict }}
{{- if not (and (get $data "tls.crt") (get $data "tls.key")) }}
{{- $names := list .name (printf "%s.%s" .name $namespace) (printf "%s.%s.svc" .name $namespace) (printf "%s.%s.svc.cluster.local" .name $namespace) "localhost" }}
{{- $names = concat $names .tls.dnsNames | uniq }}
{{- $addresses := concat (list "127.0.0.1") .tls.ipAddresses | uniq }}
{{- $days := int .tls.days }}
{{- /* The authority signs this one and is thrown away: who trusts it trusts nothing else. */}}
{{- $authority := genCA (printf "%s-ca" .name) $days }}
{{- $pair := genSignedCert .name $addresses $names $days $authority }}
{{- $data = dict "ca.crt" (b64enc $authority.Cert) "tls.crt" (b64enc $pair.Cert) "tls.key" (b64enc $pair.Key) }}
{{- end }}
apiVersion: v1
kind: Secret
metadata:
  name: {{ .secret }}
  namespace: {{ $namespace }}
  labels: {{- include "mesos.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
  annotations:
    helm.sh/resource-policy: keep
type: kubernetes.io/tls
data: {{- toYaml $data | nindent 2 }}
{{- end -}}
