{{- define "cliptask.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "cliptask.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "cliptask.name" .) .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "cliptask.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "cliptask.selector" -}}
app.kubernetes.io/name: {{ include "cliptask.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "cliptask.labels" -}}
app.kubernetes.io/name: {{ include "cliptask.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "cliptask.serviceAccount" -}}
{{- if .Values.operator.serviceAccount.create }}
{{- default (include "cliptask.fullname" .) .Values.operator.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.operator.serviceAccount.name }}
{{- end }}
{{- end }}

{{- /* Empty: the default of each namespace. */}}
{{- define "cliptask.rendererServiceAccount" -}}
{{- if .Values.renderer.serviceAccount.create }}
{{- default (printf "%s-renderer" (include "cliptask.fullname" .)) .Values.renderer.serviceAccount.name }}
{{- else }}
{{- .Values.renderer.serviceAccount.name }}
{{- end }}
{{- end }}

{{- /* Where Jobs get a ServiceAccount and a NetworkPolicy, as JSON. */}}
{{- define "cliptask.rendererNamespaces" -}}
{{- default (default (list .Release.Namespace) .Values.watchNamespaces) .Values.renderer.namespaces | uniq | toJson }}
{{- end }}

{{- /* Arguments: the image's values, the chart's version. */}}
{{- define "cliptask.image" -}}
{{- $image := index . 0 }}
{{- if $image.digest }}
{{- printf "%s@%s" $image.repository $image.digest }}
{{- else }}
{{- printf "%s:%s" $image.repository (default (index . 1) $image.tag) }}
{{- end }}
{{- end }}

{{- /* What the operator may do in each namespace that it serves. */}}
{{- define "cliptask.rules" -}}
- apiGroups: [cliptask.dev]
  resources: [cliptasks]
  verbs: [list, watch, patch]
- apiGroups: [cliptask.dev]
  resources: [cliptasks/status]
  verbs: [patch]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [list, watch, create, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end }}

{{- /* The buckets of every namespace and of some, as the operator reads them. */}}
{{- define "cliptask.buckets" -}}
{{- $all := dict }}
{{- if .Values.storage.buckets }}
{{- $_ := set $all "*" .Values.storage.buckets }}
{{- end }}
{{- merge $all .Values.storage.bucketsByNamespace | toJson }}
{{- end }}
