package projection_test

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/projection"
)

// someFields are fields of pods: whole ones, parts of lists, of pointers and of
// what is inline in JSON.
var someFields = []string{
	"spec.containers.name", "spec.containers.resources", "spec.volumes.name", "spec.volumes.persistentVolumeClaim",
	"spec.securityContext.seLinuxOptions.role", "spec.nodeSelector", "spec.overhead", "status.conditions", "status.containerStatuses.state.waiting",
}

func compile[T any](fields ...string) *projection.Projection {
	return projection.Compile(reflect.TypeFor[*T](), fields)
}

func podCutter() *projection.Cutter { return compile[corev1.Pod](someFields...).NewCutter() }

// fullPod is a pod of which every field in fields has something beside it.
func fullPod() *corev1.Pod {
	pod := &corev1.Pod{}
	pod.Name, pod.Labels = "a", map[string]string{"k": "v"}
	pod.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "m"}, {Manager: strings.Repeat("n", 300)}}
	pod.Spec.Containers = []corev1.Container{
		{Name: "one", Command: []string{"x", "y"}, Env: []corev1.EnvVar{{Name: "A", Value: strings.Repeat("long", 100)}}},
		{Image: "only", ReadinessProbe: &corev1.Probe{PeriodSeconds: 1}},
		{Name: "two", Resources: corev1.ResourceRequirements{Claims: []corev1.ResourceClaim{{Name: "c"}}}},
	}
	pod.Spec.Volumes = []corev1.Volume{
		{Name: "claim", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "c", ReadOnly: true}}},
		{Name: "secret", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "s"}}},
	}
	pod.Spec.SecurityContext = &corev1.PodSecurityContext{SELinuxOptions: &corev1.SELinuxOptions{User: "u", Role: "r"}, RunAsUser: new(int64(7))}
	pod.Spec.NodeSelector = map[string]string{"a": "b"}
	pod.Spec.TerminationGracePeriodSeconds = new(int64(30))
	pod.Spec.HostNetwork = true
	pod.Status.Conditions = []corev1.PodCondition{{Type: "Ready", Message: "all"}}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: "one", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "r"}, Running: &corev1.ContainerStateRunning{}},
	}}
	return pod
}

func TestObject(t *testing.T) {
	want := &corev1.Pod{}
	want.Name, want.Labels = "a", map[string]string{"k": "v"}
	want.Spec.Containers = []corev1.Container{
		{Name: "one"}, {}, {Name: "two", Resources: corev1.ResourceRequirements{Claims: []corev1.ResourceClaim{{Name: "c"}}}},
	}
	want.Spec.Volumes = []corev1.Volume{
		{Name: "claim", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "c", ReadOnly: true}}},
		{Name: "secret"},
	}
	want.Spec.SecurityContext = &corev1.PodSecurityContext{SELinuxOptions: &corev1.SELinuxOptions{Role: "r"}}
	want.Spec.NodeSelector = map[string]string{"a": "b"}
	want.Status.Conditions = []corev1.PodCondition{{Type: "Ready", Message: "all"}}
	want.Status.ContainerStatuses = []corev1.ContainerStatus{{
		State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "r"}},
	}}
	checkObject(t, podCutter(), wireOf(t, fullPod()), want)
}

// TestEveryField checks that without fields, only managedFields are cut.
func TestEveryField(t *testing.T) {
	want := fullPod()
	want.ManagedFields = nil
	checkObject(t, compile[corev1.Pod]().NewCutter(), wireOf(t, fullPod()), want)
}

// TestNarrow checks that beside what the paths begin with everything is kept.
func TestNarrow(t *testing.T) {
	narrow := projection.Narrow(reflect.TypeFor[*corev1.Pod](), []string{"spec.containers.name", "spec.hostNetwork"})
	want := fullPod()
	want.Spec = corev1.PodSpec{Containers: []corev1.Container{{Name: "one"}, {}, {Name: "two"}}, HostNetwork: true}
	checkObject(t, narrow.NewCutter(), wireOf(t, fullPod()), want)
}

// TestCutAgain checks that of what is cut there is nothing more to cut.
func TestCutAgain(t *testing.T) {
	wire := wireOf(t, fullPod())
	cut := wire[:podCutter().Object(wire)]
	again := bytes.Clone(cut)
	if n := podCutter().Object(again); !bytes.Equal(again[:n], cut) {
		t.Errorf("%q became %q", cut, again[:n])
	}
}

// checkObject holds what is left of an object, and that nothing is behind it.
func checkObject(t *testing.T, cutter *projection.Cutter, wire []byte, want *corev1.Pod) {
	t.Helper()
	b := bytes.Clone(wire)
	n := cutter.Object(b)
	got := &corev1.Pod{}
	if err := got.Unmarshal(b[:n]); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if slices.ContainsFunc(b[n:], func(c byte) bool { return c != 0 }) {
		t.Errorf("there is something behind the object: %q", b[n:])
	}
}

// TestWireForms has forms that the Go types do not write, but may be sent.
func TestWireForms(t *testing.T) {
	// The first bytes are tags: field number << 3 | wire type. Of a pod, 1 is the
	// metadata, of which 1 is the name and 17 managedFields; 2 is the spec, of which
	// 4 is terminationGracePeriodSeconds, 7 nodeSelector and 11 hostNetwork.
	f := func(name, wire, want string) {
		t.Helper()
		b := []byte(wire)
		b = b[:podCutter().Object(b)]
		if string(b) != want {
			t.Errorf("%s: %q, want %q", name, b, want)
		}
	}
	f("name", "\x0a\x03\x0a\x01a", "\x0a\x03\x0a\x01a")
	f("empty", "", "")
	f("empty message", "\x12\x00", "\x12\x00")
	f("long length of what is kept", "\x0a\x83\x80\x00\x0a\x01a", "\x0a\x83\x80\x00\x0a\x01a")
	f("long length of what becomes shorter", "\x12\x87\x80\x00\x20\x1e\x3a\x01a\x58\x01", "\x12\x03\x3a\x01a")
	f("long length of what becomes empty", "\x12\x82\x00\x20\x1e", "\x12\x00")
	f("long tag", "\x92\x80\x00\x02\x20\x1e", "\x92\x80\x00\x00")
	f("long number that is cut", "\x12\x06\x20\x9e\x80\x80\x80\x00", "\x12\x00")
	f("a field twice", "\x12\x02\x20\x1e\x12\x02\x20\x1e", "\x12\x00\x12\x00")
	f("fixed sizes", "\x12\x11\x21........\x25....\x3a\x01a", "\x12\x03\x3a\x01a")
	f("unknown field of the object", "\x0a\x03\x0a\x01a\xf2\x07\x03xyz", "\x0a\x03\x0a\x01a")
	f("unknown field of the metadata", "\x0a\x05\xf2\x07\x02xy", "\x0a\x05\xf2\x07\x02xy")
	f("another wire type than the message has", "\x10\x05", "\x10\x05")
	f("managedFields", "\x0a\x08\x0a\x01a\x8a\x01\x02xy", "\x0a\x03\x0a\x01a")
}

// TestMalformed checks that what is no message stays as it is.
func TestMalformed(t *testing.T) {
	f := func(name, wire string) {
		t.Helper()
		b := []byte(wire)
		if n := podCutter().Object(b); n != len(wire) || string(b) != wire {
			t.Errorf("%s: %q became %q of %d", name, wire, b, n)
		}
	}
	const unread = "\x12\x02\x20\x1e" // would be cut
	f("no value", unread+"\x12")
	f("tag without end", unread+"\x92\x80")
	f("tag of more than 64 bits", unread+"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
	f("length without end", unread+"\x12\x80")
	f("length beyond the end", unread+"\x12\x05xxx")
	f("length beyond all", unread+"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
	f("number without end", unread+"\x20\xff")
	f("fixed sizes beyond the end", unread+"\x11.......")
	f("fixed sizes beyond the end", unread+"\x15...")
	f("field 0", unread+"\x02\x01a")
	f("group", unread+"\x13\x14")
	f("unknown wire type", unread+"\x17")
	f("inner length beyond the message", unread+"\x12\x03\x3a\x05a")
	f("no value within", "\x12\x05\x20\x1e\x3a\x01"+unread)
	wire := wireOf(t, fullPod())
	for i := range wire {
		b := bytes.Clone(wire[:i])
		n := podCutter().Object(b)
		if n == i && !bytes.Equal(b, wire[:i]) {
			t.Fatalf("%d bytes are neither cut nor as they were", i)
		}
	}
}

// TestCutAllocatesNothing holds it once the scratch has its size.
func TestCutAllocatesNothing(t *testing.T) {
	wire := wireOf(t, fullPod())
	b := make([]byte, len(wire))
	cutter := podCutter()
	if n := testing.AllocsPerRun(10, func() { cutter.Object(b[:copy(b, wire)]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCompileRefuses(t *testing.T) {
	f := func(what func(), want string) {
		t.Helper()
		defer func() {
			t.Helper()
			if reason := recover(); reason != want {
				t.Errorf("%v, want %s", reason, want)
			}
		}()
		what()
	}
	for field, want := range map[string]string{
		"spec.container":            "BUG: v1.PodSpec has no field container on the wire",
		"spec.volumes.volumeSource": "BUG: []v1.Volume has no field volumeSource on the wire",
		"spec.nodeName.x":           "BUG: string has no field x on the wire",
		"spec.nodeSelector.x":       "BUG: map[string]string has no field x on the wire",
		"kind":                      "BUG: *v1.Pod has no field kind on the wire",
		"":                          "BUG: *v1.Pod has no field  on the wire",
	} {
		f(func() { compile[corev1.Pod](field) }, want)
		f(func() { projection.Narrow(reflect.TypeFor[*corev1.Pod](), []string{field}) }, want)
	}
	f(func() { projection.Number(reflect.TypeFor[*corev1.ConfigMap](), "spec") }, "BUG: *v1.ConfigMap has no field spec on the wire")
}

type marshaler interface{ Marshal() ([]byte, error) }

func wireOf(tb testing.TB, o marshaler) []byte {
	tb.Helper()
	wire, err := o.Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	return wire
}

// FuzzObject checks that whatever decodes, decodes when it is cut, to the same but
// for what is unread; and that whatever is sent, nothing is made up.
func FuzzObject(f *testing.F) {
	f.Add(wireOf(f, fullPod()))
	f.Add(wireOf(f, &corev1.Pod{}))
	f.Add([]byte("\x12\x87\x80\x00\x20\x1e\x3a\x01a\x58\x01"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		b := bytes.Clone(wire)
		n := podCutter().Object(b)
		if n == len(wire) {
			if !bytes.Equal(b, wire) {
				t.Fatal("changed, and as long as before")
			}
			return
		}
		whole, cut := &corev1.Pod{}, &corev1.Pod{}
		if whole.Unmarshal(wire) != nil {
			return
		}
		if err := cut.Unmarshal(b[:n]); err != nil {
			t.Fatal(err)
		}
		if want := leaveSomeFields(whole); !equality.Semantic.DeepEqual(want, cut) {
			t.Errorf("(-want +got):\n%s", cmp.Diff(want, cut))
		}
	})
}

// leaveSomeFields is what is left of a pod, by hand.
func leaveSomeFields(p *corev1.Pod) *corev1.Pod {
	left := &corev1.Pod{ObjectMeta: p.ObjectMeta}
	left.ManagedFields = nil
	for _, c := range p.Spec.Containers {
		left.Spec.Containers = append(left.Spec.Containers, corev1.Container{Name: c.Name, Resources: c.Resources})
	}
	for _, v := range p.Spec.Volumes {
		kept := corev1.Volume{Name: v.Name}
		kept.PersistentVolumeClaim = v.PersistentVolumeClaim
		left.Spec.Volumes = append(left.Spec.Volumes, kept)
	}
	if s := p.Spec.SecurityContext; s != nil {
		left.Spec.SecurityContext = &corev1.PodSecurityContext{}
		if o := s.SELinuxOptions; o != nil {
			left.Spec.SecurityContext.SELinuxOptions = &corev1.SELinuxOptions{Role: o.Role}
		}
	}
	left.Spec.NodeSelector, left.Spec.Overhead = p.Spec.NodeSelector, p.Spec.Overhead
	left.Status.Conditions = p.Status.Conditions
	for _, s := range p.Status.ContainerStatuses {
		kept := corev1.ContainerStatus{}
		kept.State.Waiting = s.State.Waiting
		left.Status.ContainerStatuses = append(left.Status.ContainerStatuses, kept)
	}
	return left
}
