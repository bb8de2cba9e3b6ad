{{- /* The operator's settings by their names (docs/operations.md), without their prefix. What is empty is left out: the program's default holds. */}}
{{- define "cliptask.settings" -}}
{{- $v := .Values }}
BUCKETS: {{ include "cliptask.buckets" . | quote }}
BUDGETS: {{ include "cliptask.budgets" . | quote }}
BUDGETS_CONFIG_MAP: {{ include "cliptask.budgetsBook" . | quote }}
CACHE_URI: {{ $v.storage.cacheUri | quote }}
WATCH_NAMESPACES: {{ join "," $v.watchNamespaces | quote }}
ELEVENLABS_MODEL: {{ $v.elevenlabs.model | quote }}
ELEVENLABS_TRANSCRIPTION_MODEL: {{ $v.elevenlabs.transcriptionModel | quote }}
ELEVENLABS_OUTPUT_FORMAT: {{ $v.elevenlabs.outputFormat | quote }}
ELEVENLABS_CONCURRENCY: {{ $v.elevenlabs.concurrency | quote }}
ALLOW_HTTP: {{ $v.fetch.allowHttp | quote }}
OPEN_HOSTS: {{ join "," $v.fetch.openHosts | quote }}
MAX_SOURCE_BYTES: {{ $v.fetch.maxSourceBytes | int64 | quote }}
FETCH_TIMEOUT_S: {{ $v.fetch.timeoutSeconds | int64 | quote }}
DOWNLOADS: {{ $v.fetch.downloads | quote }}
MAX_VARIANTS: {{ $v.limits.maxVariants | int64 | quote }}
MAX_SPEECH_CHARACTERS: {{ $v.limits.maxSpeechCharacters | int64 | quote }}
MAX_TRANSCRIBED_SECONDS: {{ $v.limits.maxTranscribedSeconds | int64 | quote }}
MOST_CPU: {{ $v.limits.mostCpu | quote }}
MOST_MEMORY: {{ $v.limits.mostMemory | quote }}
LOG_FORMAT: {{ $v.operator.logFormat | quote }}
METRICS_PORT: {{ $v.metrics.port | quote }}
RENDERER_IMAGE: {{ include "cliptask.image" (list $v.renderer.image .Chart.AppVersion) | quote }}
RENDERER_PULL_POLICY: {{ $v.renderer.image.pullPolicy | quote }}
RENDERER_PULL_SECRETS: {{ join "," $v.renderer.imagePullSecrets | quote }}
RENDERER_SERVICE_ACCOUNT: {{ include "cliptask.rendererServiceAccount" . | quote }}
RENDERER_CREDENTIALS_SECRET: {{ $v.storage.existingSecret | quote }}
CREDENTIALS_SECRETS: {{ join "," $v.credentials.secretNames | quote }}
RENDERER_ENVIRONMENT: {{ toJson $v.renderer.extraEnv | quote }}
RENDERER_POD_LABELS: {{ toJson $v.renderer.podLabels | quote }}
RENDERER_NODE_SELECTOR: {{ toJson $v.renderer.nodeSelector | quote }}
RENDERER_TOLERATIONS: {{ toJson $v.renderer.tolerations | quote }}
RENDERER_PRIORITY_CLASS: {{ $v.renderer.priorityClassName | quote }}
RENDERER_SCRATCH: {{ $v.renderer.scratch | quote }}
QUEUE_NAME: {{ $v.renderer.queueName | quote }}
CPU_REQUEST: {{ $v.renderer.resources.requests.cpu | quote }}
CPU_LIMIT: {{ $v.renderer.resources.limits.cpu | quote }}
MEMORY_REQUEST: {{ $v.renderer.resources.requests.memory | quote }}
MEMORY_LIMIT: {{ $v.renderer.resources.limits.memory | quote }}
{{- end }}
