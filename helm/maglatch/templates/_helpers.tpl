{{/* SPDX-License-Identifier: Apache-2.0 */}}

{{- define "maglatch.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "maglatch.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{- $name := include "maglatch.name" . -}}
{{- if contains $name .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "maglatch.selector" -}}
app.kubernetes.io/name: {{ include "maglatch.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "maglatch.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "maglatch.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "maglatch.image" -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag -}}
{{- if .Values.image.digest -}}
{{ required "image.repository: where was the image pushed to?" .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ required "image.repository: where was the image pushed to?" .Values.image.repository }}:{{ $tag }}
{{- end -}}
{{- end }}

{{- define "maglatch.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "maglatch.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end }}

{{/* The file in the ConfigMap: what is set, with the ports that the rest of the chart goes by. */}}
{{- define "maglatch.config" -}}
{{- $ports := dict "http" (dict "port" 8080) "ops" (dict "port" 9090) -}}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $ports) -}}
{{- end }}

{{/* Secrets by the name of the value: the setting's variable. */}}
{{- define "maglatch.variables" -}}
databaseUrl: MAGLATCH_DATABASE_URL_FILE
databasePassword: MAGLATCH_DATABASE_PASSWORD_FILE
migrationUrl: MAGLATCH_DATABASE_MIGRATION_URL_FILE
master: MAGLATCH_SECRETS_MASTER_FILE
previous: MAGLATCH_SECRETS_PREVIOUS_FILE
pepper: MAGLATCH_SECRETS_PEPPER_FILE
checkKey: MAGLATCH_SECRETS_CHECK_KEY_FILE
encryptionKey: MAGLATCH_SECRETS_ENCRYPTION_KEY_FILE
sessionKey: MAGLATCH_SECRETS_SESSION_KEY_FILE
eventsToken: MAGLATCH_EVENTS_TOKEN_FILE
{{- end }}

{{/* Which secrets a pod gets, between commas. Takes a list: context, component. */}}
{{- define "maglatch.secretNames" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $names := list -}}
{{- range $name, $variable := fromYaml (include "maglatch.variables" $root) -}}
  {{- $secret := index $root.Values.secrets $name -}}
  {{- $database := has $name (list "databaseUrl" "databasePassword" "migrationUrl") -}}
  {{- $wanted := or (ne $component "migration") $database -}}
  {{- if and (eq $name "migrationUrl") (ne $component "migration") $root.Values.migration.enabled -}}
    {{- $wanted = false -}}
  {{- end -}}
  {{- if and $wanted (or $secret.value $secret.existingSecret) -}}
    {{- $names = append $names $name -}}
  {{- end -}}
{{- end -}}
{{ join "," $names }}
{{- end }}

{{/* The data of a Secret with the values given. Takes a list: context, component. */}}
{{- define "maglatch.secretData" -}}
{{- $root := index . 0 -}}
{{- $names := include "maglatch.secretNames" . -}}
{{- range $name := compact (splitList "," $names) -}}
{{- $secret := index $root.Values.secrets $name }}
{{- if not $secret.existingSecret }}
{{ $secret.key }}: {{ $secret.value | b64enc | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Variables of a container. Takes a list: context, component. */}}
{{- define "maglatch.env" -}}
{{- $root := index . 0 -}}
{{- $variables := fromYaml (include "maglatch.variables" $root) -}}
- name: MAGLATCH_CONFIG
  value: /etc/maglatch/maglatch.yaml
{{- range $name := compact (splitList "," (include "maglatch.secretNames" .)) }}
- name: {{ index $variables $name }}
  value: /etc/maglatch/secrets/{{ kebabcase $name }}
{{- end }}
{{- with $root.Values.jvm.options }}
- name: JDK_JAVA_OPTIONS
  value: {{ join " " . | quote }}
{{- end }}
{{- with $root.Values.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "maglatch.mounts" -}}
- name: config
  mountPath: /etc/maglatch/maglatch.yaml
  subPath: maglatch.yaml
  readOnly: true
- name: secrets
  mountPath: /etc/maglatch/secrets
  readOnly: true
- name: tmp # the JVM's files and Vert.x's cache folder
  mountPath: /tmp
{{- with .Values.volumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Volumes of a pod. Takes a list: context, component, name of ConfigMap and Secret. */}}
{{- define "maglatch.volumes" -}}
{{- $root := index . 0 -}}
{{- $own := index . 2 -}}
- name: config
  configMap:
    name: {{ $own }}
- name: secrets
  projected:
    defaultMode: 288 # 0440
    sources:
    {{- range $name := compact (splitList "," (include "maglatch.secretNames" .)) }}
    {{- $secret := index $root.Values.secrets $name }}
    - secret:
        name: {{ default $own $secret.existingSecret }}
        items:
        - key: {{ $secret.key }}
          path: {{ kebabcase $name }}
    {{- end }}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- with $root.Values.volumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What every pod of the chart has. */}}
{{- define "maglatch.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.initContainers }}
initContainers:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Seconds of a duration such as 500ms, 30s, 5m, 1h, rounded up. */}}
{{- define "maglatch.seconds" -}}
{{- $count := regexFind "^[0-9]+" . | int -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- if eq $unit "ms" -}}{{ div (add $count 999) 1000 }}
{{- else -}}{{ mul $count (index (dict "s" 1 "m" 60 "h" 3600 "d" 86400) $unit) }}
{{- end -}}
{{- end }}

{{/* Seconds that a pod may take to end: the pause before SIGTERM, the delay and the time for requests in
flight, the webhooks and the write of usage that are under way, and ten for the rest. */}}
{{- define "maglatch.grace" -}}
{{- $http := default dict .Values.config.http -}}
{{- $webhooks := default dict .Values.config.webhooks -}}
{{- $usage := default dict .Values.config.usage -}}
{{- $sum := add .Values.drain.preStopSeconds 10 -}}
{{- range list
      (default "5s" (index $http "drain-delay")) (default "30s" (index $http "drain-timeout"))
      (default "10s" $webhooks.timeout) (default "10s" (index $usage "flush-timeout")) -}}
{{- $sum = add $sum (include "maglatch.seconds" . | int) -}}
{{- end -}}
{{ $sum }}
{{- end }}

{{/* Whether the gateway's own routes have a listener of their own; its port if so. */}}
{{- define "maglatch.managementPort" -}}
{{- with .Values.config.management }}{{ with .port }}{{ int . }}{{ end }}{{ end -}}
{{- end }}

{{/* What must be said in values, beyond what the schema can ask for. */}}
{{- define "maglatch.validate" -}}
{{- range $name := list "databaseUrl" "master" -}}
  {{- $secret := index $.Values.secrets $name -}}
  {{- if not (or $secret.value $secret.existingSecret) -}}
    {{- fail (printf "secrets.%s: needs value or existingSecret" $name) -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{/* Where the test asks. Unless that is said there is no test of a listener with TLS, whose certificate
may be for another name, or of one that speaks HTTP/2 alone, which the test does not. */}}
{{- define "maglatch.testUrl" -}}
{{- if .Values.test.url -}}
{{ .Values.test.url }}
{{- else if eq (include "maglatch.protocol" .) "http" -}}
{{ printf "http://%s:%v" (include "maglatch.fullname" .) .Values.service.port }}
{{- end -}}
{{- end }}

{{/* What the public listener speaks, and the one of the own routes if it has its own. */}}
{{- define "maglatch.protocol" -}}
{{- $http := default dict .Values.config.http -}}
{{- if (default dict $http.tls).certificate }}https{{ else if $http.h2c }}kubernetes.io/h2c{{ else }}http{{ end -}}
{{- end }}
