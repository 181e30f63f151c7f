package projection_test

import (
	"bytes"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestList(t *testing.T) {
	small := &corev1.Pod{}
	small.Name = "small"
	list := &corev1.PodList{ListMeta: metav1.ListMeta{ResourceVersion: "7", Continue: "more"}, Items: []corev1.Pod{*fullPod(), *small, *fullPod()}}
	wire := wireOf(t, list)
	cut := &corev1.Pod{}
	b := wireOf(t, fullPod())
	if err := cut.Unmarshal(b[:podCutter().Object(b)]); err != nil {
		t.Fatal(err)
	}
	want := &corev1.PodList{ListMeta: list.ListMeta, Items: []corev1.Pod{*cut, *small, *cut}}

	cutter := podCutter()
	n := cutter.List(wire, nil)
	got := &corev1.PodList{}
	if err := got.Unmarshal(wire[:n]); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if slices.ContainsFunc(wire[n:], func(c byte) bool { return c != 0 }) {
		t.Error("there is something behind the list")
	}
}

// TestListOfSome leaves out some objects by their uids.
func TestListOfSome(t *testing.T) {
	var pods []corev1.Pod
	for i, uid := range []types.UID{"a", "", "b", "c", "a"} {
		pod := *fullPod()
		pod.UID, pod.Namespace = uid, strconv.Itoa(i)
		pods = append(pods, pod)
	}
	wire := wireOf(t, &corev1.PodList{ListMeta: metav1.ListMeta{ResourceVersion: "7", ShardInfo: &metav1.ShardInfo{Selector: "s"}}, Items: pods})
	var asked []string
	n := podCutter().List(wire, func(namespace, uid []byte) bool {
		asked = append(asked, string(namespace)+"/"+string(uid))
		return string(uid) != "a" && string(namespace) != "3"
	})
	got := &corev1.PodList{}
	if err := got.Unmarshal(wire[:n]); err != nil {
		t.Fatal(err)
	}
	var left []types.UID
	for _, pod := range got.Items {
		if left = append(left, pod.UID); len(pod.ManagedFields) > 0 || pod.Name != "a" {
			t.Errorf("%s is not cut as it should be", pod.UID)
		}
	}
	if d := cmp.Diff([]types.UID{"", "b"}, left); d != "" || got.ResourceVersion != "7" || got.ShardInfo.Selector != "s" {
		t.Errorf("left of %+v (-want +got):\n%s", got.ListMeta, d)
	}
	if d := cmp.Diff([]string{"0/a", "2/b", "3/c", "4/a"}, asked); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
	if slices.ContainsFunc(wire[n:], func(c byte) bool { return c != 0 }) {
		t.Error("there is something behind the list")
	}
}

// FuzzListOfSome checks what is left out of a list, by the wire form of its objects,
// to what decoding them would say.
func FuzzListOfSome(f *testing.F) {
	one, two := *fullPod(), *fullPod()
	one.UID, two.UID = "1", "2"
	f.Add(wireOf(f, &corev1.PodList{Items: []corev1.Pod{one, {}, two, one}}))
	f.Add([]byte("\x12\x05\x0a\x03\x2a\x011\x12\x0a\x0a\x03\x2a\x011\x0a\x03\x2a\x012"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		whole, some := &corev1.PodList{}, &corev1.PodList{}
		if whole.Unmarshal(wire) != nil {
			return
		}
		wanted := func(_, uid []byte) bool { return len(uid) > 0 && uid[0]%2 == 0 }
		b := bytes.Clone(wire)
		if err := some.Unmarshal(b[:podCutter().List(b, wanted)]); err != nil {
			t.Fatal(err)
		}
		// What cannot be told from the wire form is left in, and nothing else.
		left := some.Items
		for _, pod := range whole.Items {
			switch {
			case len(left) > 0 && left[0].UID == pod.UID && left[0].Name == pod.Name && left[0].Namespace == pod.Namespace:
				left = left[1:]
			case wanted(nil, []byte(pod.UID)) || pod.UID == "":
				t.Fatalf("%q is left out", pod.UID)
			}
		}
		if len(left) > 0 {
			t.Errorf("%d objects are made up", len(left))
		}
	})
}

// TestMalformedList checks that an object that is no message leaves the others be,
// and what is no list stays as it is.
func TestMalformedList(t *testing.T) {
	f := func(name, wire, want string) {
		t.Helper()
		b := []byte(wire)
		b = b[:podCutter().List(b, nil)]
		if string(b) != want {
			t.Errorf("%s: %q, want %q", name, b, want)
		}
	}
	const unread, cut = "\x12\x04\x12\x02\x20\x1e", "\x12\x02\x12\x00"
	f("a bad object", unread+"\x12\x02\x12\x09"+unread, cut+"\x12\x02\x12\x09"+cut)
	f("a bad end", unread+"\x12\x09", unread+"\x12\x09")
	f("an unknown field", unread+"\x1a\x01a"+unread, cut+"\x1a\x01a"+cut)
	f("a list of numbers", unread+"\x10\x05", cut+"\x10\x05")
	f("a long length", "\x12\x84\x80\x00\x12\x02\x20\x1e", cut)
}

// FuzzList checks that lists can be cut whatever is in them.
func FuzzList(f *testing.F) {
	f.Add(wireOf(f, &corev1.PodList{Items: []corev1.Pod{*fullPod(), {}, *fullPod()}}))
	f.Add([]byte("\x12\x02\x12\x09\x12\x04\x12\x02\x20\x1e"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		b := bytes.Clone(wire)
		n := podCutter().List(b, nil)
		whole, cut := &corev1.PodList{}, &corev1.PodList{}
		if whole.Unmarshal(wire) != nil {
			return
		}
		if err := cut.Unmarshal(b[:n]); err != nil {
			t.Fatal(err)
		}
		if len(whole.Items) != len(cut.Items) || !equality.Semantic.DeepEqual(whole.ListMeta, cut.ListMeta) {
			t.Errorf("%d objects of %v became %d of %v", len(whole.Items), whole.ListMeta, len(cut.Items), cut.ListMeta)
		}
	})
}
