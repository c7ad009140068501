{{- define "stormbell.onEtcd" -}}
{{- if hasPrefix "etcd:" .Values.store }}yes{{ end }}
{{- end }}

{{- define "stormbell.replicas" -}}
{{- $onEtcd := include "stormbell.onEtcd" . }}
{{- $n := .Values.replicaCount | default (ternary 2 1 (eq $onEtcd "yes")) | int }}
{{- if and (gt $n 1) (not $onEtcd) }}
{{- fail (printf "replicaCount is %d, and the store is a file, which takes one bot: a second one would refuse to start. Two bots need a cluster of etcd: set store to etcd:HOST:2379,HOST:2379,HOST:2379/stormbell" $n) }}
{{- end }}
{{- $n }}
{{- end }}

{{- define "stormbell.selector" -}}
app.kubernetes.io/name: stormbell
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "stormbell.labels" -}}
{{ include "stormbell.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "stormbell.pod" -}}
metadata:
  labels:
    {{- include "stormbell.selector" . | nindent 4 }}
  {{- if not .Values.configMap }}
  annotations:
    # A changed configuration is a new pod: the bot reads it when it starts.
    checksum/config: {{ include "stormbell.configuration" . | sha256sum }}
  {{- end }}
spec:
  automountServiceAccountToken: false
  # The variables that Kubernetes makes for services begin with STORMBELL_, too.
  enableServiceLinks: false
  terminationGracePeriodSeconds: 15
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if include "stormbell.onEtcd" . }}
  affinity:
    podAntiAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        - labelSelector:
            matchLabels:
              {{- include "stormbell.selector" . | nindent 14 }}
          topologyKey: kubernetes.io/hostname
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: stormbell
      image: {{ required "image must be given: the one that you have built from docs/kubernetes/Dockerfile" .Values.image }}
      imagePullPolicy: {{ .Values.imagePullPolicy }}
      args: [run, --config, /etc/stormbell/config/stormbell.yaml]
      env:
        - {name: STORMBELL_STORE, value: {{ .Values.store | quote }}}
        - {name: STORMBELL_HTTP_LISTEN, value: ":8080"}
        - {name: STORMBELL_SLACK_APP_TOKEN_FILE, value: /etc/stormbell/secrets/app-token}
        - {name: STORMBELL_SLACK_BOT_TOKEN_FILE, value: /etc/stormbell/secrets/bot-token}
        - {name: STORMBELL_HTTP_ADMIN_TOKEN_FILE, value: /etc/stormbell/secrets/admin-token}
        {{- if and .Values.roster (not .Values.configMap) }}
        - {name: STORMBELL_ROSTER, value: /etc/stormbell/config/roster.yaml}
        {{- end }}
        {{- if .Values.etcd.secret }}
        - {name: STORMBELL_ETCD_CA, value: /etc/stormbell/etcd/ca.crt}
        - {name: STORMBELL_ETCD_CERT, value: /etc/stormbell/etcd/tls.crt}
        - {name: STORMBELL_ETCD_KEY, value: /etc/stormbell/etcd/tls.key}
        {{- end }}
        {{- if .Values.backup.claim }}
        - {name: STORMBELL_BACKUP_FOLDER, value: /backup}
        {{- else if not (include "stormbell.onEtcd" .) }}
        - {name: STORMBELL_BACKUP_FOLDER, value: /data/copies}
        {{- end }}
        {{- with .Values.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - {name: http, containerPort: 8080}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      # A store of 256 MiB is read whole before anything answers.
      startupProbe:
        httpGet: {path: /healthz, port: http}
        periodSeconds: 2
        failureThreshold: 60
      # A bot that stands by answers here as well, so it is left alone.
      livenessProbe:
        httpGet: {path: /healthz, port: http}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      # The Service leads to the bot that is ready: the one that does the work. While Slack is down, alerts must still
      # come in.
      readinessProbe:
        httpGet: {path: "/readyz?exclude=slack", port: http}
        periodSeconds: 5
        timeoutSeconds: 6
      {{- with .Values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        - {name: config, mountPath: /etc/stormbell/config, readOnly: true}
        - {name: secrets, mountPath: /etc/stormbell/secrets, readOnly: true}
        {{- if .Values.etcd.secret }}
        - {name: etcd, mountPath: /etc/stormbell/etcd, readOnly: true}
        {{- end }}
        {{- if not (include "stormbell.onEtcd" .) }}
        - {name: data, mountPath: /data}
        {{- end }}
        {{- if .Values.backup.claim }}
        - {name: backup, mountPath: /backup}
        {{- end }}
        - {name: tmp, mountPath: /tmp}
  volumes:
    - name: config
      configMap: {name: {{ .Values.configMap | default .Release.Name }}}
    - name: secrets
      secret: {secretName: {{ .Values.secret }}, defaultMode: 0440}
    {{- with .Values.etcd.secret }}
    - name: etcd
      secret: {secretName: {{ . }}, defaultMode: 0440}
    {{- end }}
    {{- with .Values.backup.claim }}
    - name: backup
      persistentVolumeClaim: {claimName: {{ . }}}
    {{- end }}
    - name: tmp
      emptyDir: {}
{{- end }}

{{- define "stormbell.configuration" -}}
{{- if hasKey .Values.config "store" }}
{{- fail "config has the key store: set the value store in its place, by which the chart decides how many bots there are" }}
{{- end }}
stormbell.yaml: |
  {{- toYaml .Values.config | nindent 2 }}
{{- with .Values.roster }}
roster.yaml: |
  {{- . | nindent 2 }}
{{- end }}
{{- end }}
