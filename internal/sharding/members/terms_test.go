package members

import (
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// someTerms are a counted half and an open one.
func someTerms(serial int64) handover.Terms {
	return handover.Terms{Serial: serial, All: []handover.Term{
		{Ranges: sharding.Even(0, 2), By: handover.Counter{Number: 1, UID: "u", Start: 7}},
		{Ranges: sharding.Even(1, 2), After: sharding.Positions{"pods": "120", "jobs": "99"}},
	}}
}

const someText = `{"serial":3,"terms":[{"ranges":"[0x0000000000000000,0x8000000000000000)","number":1,"uid":"u","start":7},` +
	`{"ranges":"[0x8000000000000000,0x10000000000000000)","after":{"jobs":"99","pods":"120"}}]}`

// TestTermsOf holds the format of terms, and what is no terms.
func TestTermsOf(t *testing.T) {
	if got := textOf(someTerms(3)); got != someText {
		t.Errorf("%s, want %s", got, someText)
	}
	f := func(text string, want handover.Terms, wantErr string) {
		t.Helper()
		got, err := termsOf(map[string]string{"kubestate.io/terms": text})
		message := ""
		if err != nil {
			message = err.Error()
		}
		if d := cmp.Diff(want, got); d != "" || message != wantErr {
			t.Errorf("%s: error %q, want %q (-want +got):\n%s", text, message, wantErr, d)
		}
	}
	f(someText, someTerms(3), "")
	f("x", handover.Terms{}, "annotation kubestate.io/terms: invalid character 'x' looking for beginning of value")
	f(`{"terms":[{"ranges":"half"}]}`, handover.Terms{}, `annotation kubestate.io/terms: ranges half: "half" is no range`)
	f(`{"terms":[{"ranges":"all"},{"ranges":"all"}]}`, handover.Terms{}, "annotation kubestate.io/terms: ranges all: of two terms")
	if got, err := termsOf(map[string]string{"kubestate.io/shard-0": "x"}); err != nil || len(got.All) > 0 || got.Serial != 0 {
		t.Errorf("without an annotation: %v, %v", got, err)
	}
}

// TestWriteTerms holds that terms replace the version that they were made from alone, and leave claims as
// they are.
func TestWriteTerms(t *testing.T) {
	l := &leases{version: 7, annotations: map[string]string{"kubestate.io/shard-1": "theirs"}}
	server := httptest.NewServer(l)
	defer server.Close()
	a, err := newAPI(&rest.Config{Host: server.URL}, "monitoring")
	if err != nil {
		t.Fatal(err)
	}
	f := func(serial, replaces int64, wantErr error, want string) {
		t.Helper()
		if _, err := a.writeTerms(t.Context(), "kubestate", someTerms(serial), replaces); !errors.Is(err, wantErr) {
			t.Errorf("%d replaces %d: %v, want %v", serial, replaces, err, wantErr)
		}
		if d := cmp.Diff(map[string]string{"kubestate.io/shard-1": "theirs", "kubestate.io/terms": want}, l.annotations); d != "" {
			t.Errorf("%d replaces %d (-want +got):\n%s", serial, replaces, d)
		}
	}
	f(1, 0, nil, textOf(someTerms(1)))
	f(2, 0, errOutdated, textOf(someTerms(1)))
	l.intruders = 3
	f(3, 1, nil, textOf(someTerms(3)))
	f(4, 1, errOutdated, textOf(someTerms(3)))
	l.annotations["kubestate.io/terms"] = "unreadable"
	f(5, 3, nil, textOf(someTerms(5)))
}

// TestClaimText holds that the claim of a member that counts nothing has the format that earlier members
// write.
func TestClaimText(t *testing.T) {
	c := handover.Claim{Holder: "u", Since: "s", Serial: 7, Ranges: sharding.All(), Filtered: true, Scrapers: 2}
	f := func(want string) {
		t.Helper()
		if got := annotationOf(c); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		got, err := claimOf(want)
		if d := cmp.Diff(c, got); d != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", want, err, d)
		}
	}
	f(`{"holder":"u","since":"s","serial":7,"ranges":"all","filtered":true,"scrapers":2}`)
	c.Listed = sharding.Positions{"pods": "120"}
	f(`{"holder":"u","since":"s","serial":7,"ranges":"all","filtered":true,"scrapers":2,"listed":{"pods":"120"}}`)
}
