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

{{- /* Arguments: the root, the component. */}}
{{- define "cliptask.selector" -}}
{{- $root := index . 0 }}
app.kubernetes.io/name: {{ include "cliptask.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
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

{{- define "cliptask.gatewayServiceAccount" -}}
{{- if .Values.gateway.serviceAccount.create }}
{{- default (printf "%s-gateway" (include "cliptask.fullname" .)) .Values.gateway.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.gateway.serviceAccount.name }}
{{- end }}
{{- end }}

{{- /* Of tasks, where nobody has said which. */}}
{{- define "cliptask.firstNamespace" -}}
{{- first (default (list .Release.Namespace) .Values.watchNamespaces) }}
{{- end }}

{{- define "cliptask.gatewayNamespace" -}}
{{- default (include "cliptask.firstNamespace" .) .Values.gateway.namespace }}
{{- end }}

{{- /* What tasks of a namespace may use, as JSON. Arguments: the root, the namespace. */}}
{{- define "cliptask.allowed" -}}
{{- $storage := (index . 0).Values.storage }}
{{- concat $storage.buckets (default list (get $storage.bucketsByNamespace (index . 1))) | toJson }}
{{- end }}

{{- /* What the pods of operator and gateway have in common: how they are pulled, where they may run, as whom. */}}
{{- define "cliptask.pod" -}}
# Nothing in the environment but what is set here.
enableServiceLinks: false
{{- with .Values.operator.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.operator.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.operator.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.operator.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.operator.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "cliptask.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* What all have in common of accounts and storages: ElevenLabs' key, the bucket's where no identity has it, where S3 is. From files: a Secret that changes is read anew. */}}
{{- define "cliptask.accounts" -}}
{{- if .Values.elevenlabs.existingSecret }}
- name: ELEVENLABS_API_KEY_FILE
  value: /secrets/elevenlabs/{{ .Values.elevenlabs.existingSecretKey }}
{{- end }}
{{- if .Values.storage.existingSecret }}
- name: GOOGLE_APPLICATION_CREDENTIALS
  value: /credentials/key.json
- name: AWS_SHARED_CREDENTIALS_FILE
  value: /credentials/aws-credentials
- name: CLIPTASK_AZURE_CONNECTION_STRING_FILE
  value: /credentials/azure-connection-string
{{- end }}
{{- with .Values.storage.s3.endpoint }}
- name: CLIPTASK_S3_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- with .Values.storage.s3.region }}
- name: CLIPTASK_S3_REGION
  value: {{ . | quote }}
{{- end }}
{{- with .Values.storage.azure.account }}
- name: CLIPTASK_AZURE_ACCOUNT
  value: {{ . | quote }}
{{- end }}
{{- with .Values.storage.azure.endpoint }}
- name: CLIPTASK_AZURE_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- end }}

{{- define "cliptask.accountMounts" -}}
{{- if .Values.elevenlabs.existingSecret }}
- name: elevenlabs
  mountPath: /secrets/elevenlabs
  readOnly: true
{{- end }}
{{- if .Values.storage.existingSecret }}
- name: credentials
  mountPath: /credentials
  readOnly: true
{{- end }}
{{- end }}

{{- define "cliptask.accountVolumes" -}}
{{- if .Values.elevenlabs.existingSecret }}
- name: elevenlabs
  secret:
    secretName: {{ .Values.elevenlabs.existingSecret }}
    # Tasks without speech do not wait for it; its file appears once it is there.
    optional: true
    items:
      - key: {{ .Values.elevenlabs.existingSecretKey }}
        path: {{ .Values.elevenlabs.existingSecretKey }}
{{- end }}
{{- if .Values.storage.existingSecret }}
- name: credentials
  secret:
    secretName: {{ .Values.storage.existingSecret }}
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
  verbs: [list, watch]
- apiGroups: [""]
  resources: [events]
  verbs: [list, create]
{{- with .Values.notify.secretNames }}
- apiGroups: [""]
  resources: [secrets]
  resourceNames: {{ toJson . }}
  verbs: [get]
{{- end }}
{{- end }}

{{- /* The buckets of every namespace and of some, as the operator reads them. */}}
{{- define "cliptask.buckets" -}}
{{- $all := dict }}
{{- if .Values.storage.buckets }}
{{- $_ := set $all "*" .Values.storage.buckets }}
{{- end }}
{{- merge $all .Values.storage.bucketsByNamespace | toJson }}
{{- end }}

{{- /* What namespaces may take in a month, as the operator reads it. */}}
{{- define "cliptask.budgets" -}}
{{- $all := dict }}
{{- with .Values.budgets.default }}
{{- $_ := set $all "*" . }}
{{- end }}
{{- merge $all .Values.budgets.namespaces | toJson }}
{{- end }}

{{- /* The ConfigMap that counts it; empty where there are no budgets. */}}
{{- define "cliptask.budgetsBook" -}}
{{- if or .Values.budgets.default .Values.budgets.namespaces }}
{{- printf "%s-budgets" (include "cliptask.fullname" .) }}
{{- end }}
{{- end }}
