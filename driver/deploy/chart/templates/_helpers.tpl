{{- define "dra-driver.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "dra-driver.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "dra-driver.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "dra-driver.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "dra-driver.selector" -}}
app.kubernetes.io/name: {{ include "dra-driver.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "dra-driver.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "dra-driver.selector" . }}
{{- end }}

{{- define "dra-driver.account" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "dra-driver.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.create is false; set serviceAccount.name to the account that the driver has" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "dra-driver.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}

{{- define "dra-driver.dev" -}}
{{ trimSuffix "/" .Values.devRoot }}/dev
{{- end }}

{{- define "dra-driver.webhookSecret" -}}
{{- default (printf "%s-webhook" (include "dra-driver.fullname" .)) .Values.webhook.tls.secretName }}
{{- end }}

{{- /* The name of a socket has the pod's UID (36 characters), and is made with a dot before it. */ -}}
{{- define "dra-driver.checked" -}}
{{- $registration := add (len .Values.kubelet.registryDir) (len .Values.driverName) 48 }}
{{- $service := add (len .Values.kubelet.pluginsDir) (len .Values.driverName) 48 }}
{{- if gt (max $registration $service) 107 }}
{{- fail (printf "driverName %s makes the path of a socket longer than 107 characters; choose a shorter one, or shorter folders of the kubelet" .Values.driverName) }}
{{- end }}
{{- end }}
