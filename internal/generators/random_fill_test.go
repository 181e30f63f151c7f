package generators_test

import (
	"reflect"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/randfill"
)

// filler fills objects from pools so small that all conditions of the contract and equal entries
// are frequent.
func filler(seed int64) *randfill.Filler {
	return randfill.NewWithSeed(seed).NilChance(.3).NumElements(0, 3).
		Funcs(valueFills...).Funcs(stringFills...).Funcs(structFills...)
}

// from fills with one of the values.
func from[T any](values ...T) func(*T, randfill.Continue) {
	return func(v *T, c randfill.Continue) { *v = pick(c, values) }
}

// made fills with the result of make for one of the values, for types whose copies share memory.
func made[T, V any](make func(V) T, values ...V) func(*T, randfill.Continue) {
	return func(v *T, c randfill.Continue) { *v = make(pick(c, values)) }
}

func pick[T any](c randfill.Continue, values []T) T { return values[c.Intn(len(values))] }

// pickPointer returns nil for one call in three.
func pickPointer[T any](c randfill.Continue, values []T) *T {
	if c.Intn(3) == 0 {
		return nil
	}
	v := pick(c, values)
	return &v
}

var (
	texts = []string{
		"", "a", "b", "c", "a b", "kube-system", "True", `say "x"`, `back\slash`, `end\`, "two\nlines", "cr\rtab\t", "\x00",
		"größe 日本 \u2028<&>", "bad \xff\xfe\xc3( utf-8", "half \xed\xa0\x80", `{a="b"} 1`,
	}
	names = []string{"a", "b", "c", "kube-proxy", "quote\"d"}
	keys  = []string{
		"a.b", "a-b", "a/b", "aB", "a_b", "a_B", "A-b", "A.b", "a b",
		"a_b_conflict1", "a-b_conflict1", "aB_conflict1", "A-b_conflict1", "A.b_conflict1", "a_b_conflict2", "a.b_conflict3",
		"a_b_conflict1_conflict1", "a-b-conflict1_conflict1",
		"app.kubernetes.io/name", "fooBar", "FOOBar", "foo1Bar2", "1digit", "", "_", "__a", "ключ", "bad\xffkey", "two\nlines", "a_\n_b",
		"kubernetes.io/ingress.class", "volume.beta.kubernetes.io/storage-class",
		"node-role.kubernetes.io/", "node-role.kubernetes.io/worker", "node-role.kubernetes.io/a/b",
		"mounter", "mapOptions",
	}
	resourceNames = []corev1.ResourceName{
		"cpu", "memory", "storage", "ephemeral-storage", "pods", "hugepages-2Mi", "hugepages_2Mi", "hugepages-", "hugepages-1.5/x",
		"hugepages-2-Mi", "hugepages-2.Mi", "attachable-volumes-aws-ebs", "attachable-volumes-a/b", "hugepages-a/b",
		"example.com/gpu", "example.com/Gpu_1.x", "foo.kubernetes.io/x", "kubernetes.io/x", "requests.foo/bar", "Example.com/x",
		"example.com/a/b", "/x", "x/", "example..com/x", "-a/x", "a/-x", "a/x-", "count/pods", "requests.cpu", "limits.memory", "", "CPU",
		"example.com/sixty-three-characters-are-as-many-as-a-name-may-have-not-one-m",
		"example.com/sixty-three-characters-are-as-many-as-a-name-may-have-not-one-mo",
		"a\xff/b",
	}
	quantities = []string{
		"0", "1n", "999n", "1500u", "1u", "100m", "1m", "0.3", "0.30", "50m", "300m", "0.05", "1", "1.5", "2k", "3M", "1G", "1T", "4P", "5E", "100E",
		"1.5Gi", "1Ki", "1.1Ki", "0.1Ki", "128Mi", "1Ti", "8Pi", "4Ei",
		"-1", "-1500u", "-100m", "-1n", "-1.5Gi", "-1E",
		"12345678901234567890", "9223372036854775807", "9223372036854775", "9223372036854776", "9007199254740993", "9223372036854775.5",
		"5e-7", "1e3", "1E3", "12e-3", "1e18", "1e19", "123456789.123456789",
	}
	moments = []time.Time{
		{}, time.Unix(0, 0), time.Unix(1, 0), time.Unix(1704164645, 0), time.Unix(1704164645, 999999999), time.Unix(-1, 500000000),
		time.Unix(-86400*365, 1), time.Date(1951, 6, 1, 12, 0, 0, 0, time.UTC), time.Date(2099, 6, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2024, 3, 9, 20, 15, 30, 0, time.UTC), time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC),
		time.Date(2025, 12, 31, 23, 59, 0, 0, time.UTC), time.Date(2026, 10, 20, 6, 7, 8, 0, time.UTC),
	}
	versions = []string{
		"", "0", "1", "12345", "18446744073709551615", "9007199254740993", "abc", "0x10", "0x1p4", "1e3", "1e400", "1e-400", "-5", "+7", "NaN", "inf",
		" 7", "1_000", "0x_1p0", "1.5",
	}
	schedules = []string{
		"* * * * *", "*/5 * * * *", "0 0 13 * 5", "30 4 1,15 * 5", "0 0 * * 1-5", "0 0 1 1 *", "0 0 29 2 *", "0 0 30 2 *", "59 23 31 12 ?",
		"5/54 * * * *", "5/55 * * * *", "*/59 * * * *", "*/60 * * * *", "0/60 * * * *", "*/0 * * * *", "0 22-2 * * *", "0 22-2/2 * * *",
		"0 0 * * FRI-MON", "0 0 * nov-feb SUN", "15 3 25-5 * *", "0 12 * * 7", "0 12 * * 0-7", "0 12 * * 5-7", "0 0 */2 * 1", "0 0 */1 * 1", "0 0 1 * */2",
		"0 0 ? * ?", "0 0 *,5 * 3", "0,,30 , * * *", ", * * * *", "0 0 , * 1", "0 0 1 * ,", "00 07 1 * *", "30 2 * * *", "30 2 10 3 *", "0-30/10 2,3 * * *",
		"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@Daily", "@reboot", "@triggered", "@manual", "@none",
		"@every 1h", "@every 1s", "@every 1500ms", "@every 999ms", "@every -5m", "@every 90s", "@every", "@every x", "@fortnightly",
		"", "* * * *", "* * * * * *", "0 0 L * *", "0 0 15W * *", "0 0 * * 5#2", "H * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *",
		"* * * 13 *", "* * * * 8", "-1 * * * *", "a * * * *", "1-2-3 * * * *", "1/2/3 * * * *", "*/ * * * *", "*-5 * * * *", "1- * * * *",
		"* * * JANUARY *", "* * * * Mo", "\xff * * * *",
		"TZ=UTC 0 6 * * *", "CRON_TZ=Asia/Tokyo 30 4 * * *", `TZ="Asia/Tokyo" 30 4 * * *`, "CRON_TZ='Europe/Berlin' 0 3 * * 0", "TZ=Nowhere/Land 0 0 * * *",
		"TZ=UTC", "TZ= 0 0 * * *", "CRON_TZ=Asia/Tokyo @daily", "TZ=America/New_York @every 1h",
	}
	// springs are times before a switch to daylight saving time, and springSchedules fire around
	// it. None fires both in the hour before and in the skipped one: the parser skips the latter
	// then.
	springs = []struct {
		time time.Time
		zone string
	}{
		{time.Date(2024, 3, 9, 20, 15, 30, 0, time.UTC), "America/New_York"},
		{time.Date(2024, 3, 10, 6, 45, 0, 0, time.UTC), "America/New_York"},
		{time.Date(2024, 3, 30, 20, 15, 30, 0, time.UTC), "Europe/Berlin"},
	}
	springSchedules = []string{
		"30 2 * * *", "30 2 10 3 *", "0-30/10 2,3 * * *", "0 2 * * 7", "45 2 * * *", "59 1-2 * * *", "*/20 * * * *", "0 3 * * *", "5 2 31 3 *",
	}
	zones = []string{"UTC", "Asia/Tokyo", "America/New_York", "Europe/Berlin", "Etc/GMT+5", "Asia/Kolkata", "", "Nowhere/Land", "a b", "../x", `"UTC"`}
	// reasons are known and unknown ones.
	reasons = []string{
		"", "Evicted", "NodeAffinity", "NodeLost", "PreemptionByScheduler", "SchedulingGated", "Shutdown", "TerminationByKubelet",
		"UnexpectedAdmissionError", "Other", "evicted", "DeletionByTaintManager", "EvictionByEvictionAPI", "DeletionByPodGC",
		"BackoffLimitExceeded", "DeadlineExceeded", "ReplicaSetUpdated", "NewReplicaSetAvailable", "MinimumReplicasUnavailable",
		"DeploymentPaused", "unknown", "OOMKilled", "Error", "say \"why\"\n",
	}
	addresses = []string{
		"", "10.0.0.1", "255.255.255.255", "::1", "2001:db8::1", "::ffff:10.0.0.1", "::ffff:a00:1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "fe80::1::2",
		"host", "10.0.0.1/24", " 10.0.0.1", "bad\xff",
	}
	amountsOrShares = []intstr.IntOrString{
		intstr.FromInt32(0), intstr.FromInt32(3), intstr.FromInt32(-1), intstr.FromString("25%"), intstr.FromString("33%"), intstr.FromString("0%"),
		intstr.FromString("100%"), intstr.FromString("150%"), intstr.FromString("-10%"), intstr.FromString("5"), intstr.FromString(""), intstr.FromString("%"),
		intstr.FromString("a%"), intstr.FromString("1.5%"), intstr.FromString("50%%"), intstr.FromString("99999999999999999999%"), intstr.FromString("07%"),
	}
)

var valueFills = []any{
	from(texts...),
	from[int32](0, 0, 1, 2, 3, 7, 10, -1, 101, 2147483647, -2147483648),
	from[int64](0, 0, 1, 2, 30, -1, 1000000, 9007199254740993, 9223372036854775807),
	from(resourceNames...),
	from[types.UID]("", "7c8ba7e1", "00000000-0000-0000-0000-000000000001", "odd\"uid"),
	from(amountsOrShares...),
	made(sent, quantities...),
	made(func(t time.Time) metav1.Time { return metav1.Time{Time: local(t)} }, moments...),
	made(func(t time.Time) metav1.MicroTime { return metav1.MicroTime{Time: local(t)} }, moments...),
	func(m *map[string]string, c randfill.Continue) {
		*m = nil
		for range c.Intn(13) {
			if *m == nil {
				*m = map[string]string{}
			}
			(*m)[pick(c, keys)] = pick(c, texts)
		}
	},
	func(l *corev1.ResourceList, c randfill.Continue) {
		*l = nil
		for range c.Intn(7) {
			if *l == nil {
				*l = corev1.ResourceList{}
			}
			(*l)[pick(c, resourceNames)] = sent(pick(c, quantities))
		}
	},
}

// sent is a quantity in the canonical form of API servers: 300m for 0.3.
func sent(text string) resource.Quantity {
	q := resource.MustParse(text)
	return resource.MustParse(q.String())
}

// local is a time after decoding. The zero time is kept.
func local(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Local()
}

// stringFills are the types of enumerated fields, with known and unknown values.
var stringFills = []any{
	from[corev1.ConditionStatus]("True", "False", "Unknown", "true", "", "Maybe"),
	from[metav1.ConditionStatus]("True", "False", "Unknown", "true", "", "Maybe"),
	from[corev1.PodConditionType]("Ready", "Initialized", "ContainersReady", "PodScheduled", "DisruptionTarget", "ready", ""),
	from[corev1.PodPhase]("Pending", "Succeeded", "Failed", "Unknown", "Running", "", "Gone"),
	from[corev1.PodQOSClass]("BestEffort", "Burstable", "Guaranteed", "", "Best"),
	from[corev1.RestartPolicy]("Always", "OnFailure", "Never", ""),
	from[corev1.ContainerRestartPolicy]("Always", ""),
	from[corev1.NodeConditionType]("Ready", "MemoryPressure", "odd \"type\""),
	from[corev1.NodeAddressType]("InternalIP", "ExternalIP", "Hostname", "internalip"),
	from[corev1.TaintEffect]("NoSchedule", "NoExecute", ""),
	from[corev1.TolerationOperator]("Exists", "Equal", ""),
	from[corev1.NamespacePhase]("Active", "Terminating", "", "active"),
	from[corev1.NamespaceConditionType]("NamespaceDeletionContentFailure", "NamespaceContentRemaining", ""),
	from[corev1.PersistentVolumePhase]("Pending", "Available", "Bound", "Released", "Failed", "", "Lost"),
	from[corev1.PersistentVolumeClaimPhase]("Pending", "Bound", "Lost", "", "bound"),
	from[corev1.PersistentVolumeClaimConditionType]("Resizing", "FileSystemResizePending", ""),
	from[corev1.PersistentVolumeAccessMode]("ReadWriteOnce", "ReadOnlyMany", ""),
	from[corev1.Protocol]("TCP", "UDP", ""),
	from[corev1.LimitType]("Pod", "Container", ""),
	from[appsv1.DeploymentConditionType]("Available", "Progressing", "odd\\type"),
	from[appsv1.StatefulSetUpdateStrategyType]("RollingUpdate", "RollingUpdate", "OnDelete", ""),
	from[appsv1.DaemonSetUpdateStrategyType]("RollingUpdate", "RollingUpdate", "OnDelete", ""),
	from[appsv1.PersistentVolumeClaimRetentionPolicyType]("Retain", "Delete", "", ""),
	from[batchv1.JobConditionType]("Complete", "Failed", "Suspended", "FailureTarget", "failed"),
	from[batchv1.ConcurrencyPolicy]("Allow", "Forbid", ""),
	from[autoscalingv2.MetricSourceType]("Object", "Pods", "Resource", "ContainerResource", "External", "", "resource"),
	from[autoscalingv2.HorizontalPodAutoscalerConditionType]("AbleToScale", "ScalingActive", ""),
	from[certificatesv1.RequestConditionType]("Approved", "Denied", "Failed", "approved"),
	from[networkingv1.PathType]("Exact", "Prefix", ""),
}

// structFills give some fields pools of their own, and omit large fields that no family reads.
var structFills = []any{
	func(m *metav1.ObjectMeta, c randfill.Continue) {
		c.FillNoCustom(m)
		m.ResourceVersion = pick(c, versions)
		m.ManagedFields = nil
	},
	func(r *metav1.OwnerReference, c randfill.Continue) {
		c.FillNoCustom(r)
		r.Kind, r.Name = pick(c, names), pick(c, names)
	},
	func(s *batchv1.CronJobSpec, c randfill.Continue) {
		c.FillNoCustom(s)
		s.Schedule, s.TimeZone = pick(c, schedules), pickPointer(c, zones)
		if c.Intn(2) == 0 {
			s.TimeZone = nil
		}
	},
	func(s *batchv1.CronJob, c randfill.Continue) {
		c.FillNoCustom(s)
		if c.Intn(4) == 0 {
			spring := pick(c, springs)
			s.Spec.Schedule, s.Spec.TimeZone = pick(c, springSchedules), &spring.zone
			s.Status.LastScheduleTime = &metav1.Time{Time: spring.time.Local()}
		}
	},
	func(s *corev1.Container, c randfill.Continue) {
		s.Name, s.Image = pick(c, names), pick(c, texts)
		c.Fill(&s.Resources)
		c.Fill(&s.RestartPolicy)
	},
	func(s *corev1.ContainerStatus, c randfill.Continue) {
		c.FillNoCustom(s)
		s.Name = pick(c, names)
	},
	func(s *corev1.ContainerStateTerminated, c randfill.Continue) {
		c.FillNoCustom(s)
		s.Reason = pick(c, reasons)
	},
	func(s *corev1.PodStatus, c randfill.Continue) {
		c.FillNoCustom(s)
		s.Reason = pick(c, reasons)
	},
	func(s *corev1.PodCondition, c randfill.Continue) {
		c.FillNoCustom(s)
		s.Reason = pick(c, reasons)
	},
	func(s *batchv1.JobCondition, c randfill.Continue) {
		c.FillNoCustom(s)
		s.Reason = pick(c, reasons)
	},
	func(s *appsv1.DeploymentCondition, c randfill.Continue) {
		c.FillNoCustom(s)
		s.Reason = pick(c, reasons)
	},
	func(s *corev1.PodResourceClaim, c randfill.Continue) {
		s.Name = pick(c, names)
		s.ResourceClaimName, s.ResourceClaimTemplateName = pickPointer(c, names), pickPointer(c, names)
	},
	func(s *corev1.PodResourceClaimStatus, c randfill.Continue) {
		c.FillNoCustom(s)
		s.Name = pick(c, names)
	},
	func(s *corev1.Volume, c randfill.Continue) {
		s.Name = pick(c, names)
		c.Fill(&s.PersistentVolumeClaim)
		if c.Intn(3) == 0 {
			s.Ephemeral = &corev1.EphemeralVolumeSource{}
		}
	},
	func(s *corev1.PersistentVolumeSource, c randfill.Continue) {
		c.FillNoCustom(s)
		sources := reflect.ValueOf(s).Elem()
		for _, field := range sources.Fields() { // most, so that any can be the first
			if c.Intn(8) != 0 {
				field.SetZero()
			}
		}
	},
	from(podIPsFrom(addresses)...),
	from(corev1.PodTemplateSpec{}),
	from(batchv1.JobTemplateSpec{}),
	from(corev1.Affinity{}),
	from(corev1.EphemeralContainer{}),
}

func podIPsFrom(addresses []string) (ips []corev1.PodIP) {
	for _, a := range addresses {
		ips = append(ips, corev1.PodIP{IP: a})
	}
	return ips
}
