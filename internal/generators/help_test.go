package generators_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
)

// helpTexts are the help texts that kinds share, by the suffix of the family's name.
var helpTexts = map[string]string{
	"_annotations":                "Annotations of the %s selected by the allowlist.",
	"_created":                    "Creation timestamp of the %s, Unix seconds.",
	"_deletion_timestamp":         "Deletion timestamp of the %s, Unix seconds.",
	"_labels":                     "Labels of the %s selected by the allowlist.",
	"_metadata_generation":        "Generation of the %s.",
	"_metadata_resource_version":  "Resource version of the %s.",
	"_owner":                      "Owners of the %s.",
	"_status_condition":           "Conditions of the %s (1 for the current status of each).",
	"_status_observed_generation": "Generation of the %s last observed by its controller.",
	"_status_phase":               "Phase of the %s (1 for the current phase).",
}

func TestHelpTextsOfAllKindsAgree(t *testing.T) {
	others := map[string]string{
		"kube_lease_owner":             "Owners of the %s, with holder.",
		"kube_volumeattachment_labels": "Labels of the %s.",
	}
	for _, r := range registry.Resources() {
		d := r.Describe()
		for _, f := range d.Families {
			for end, want := range helpTexts {
				if !strings.HasSuffix(f.Name, end) {
					continue
				}
				if other, ok := others[f.Name]; ok {
					want = other
				}
				if want := fmt.Sprintf(want, words(d.Kind.Kind)); f.Help != want {
					t.Errorf("%s: help %q, want %q", f.Name, f.Help, want)
				}
			}
		}
	}
}

// words splits the name of a kind into lower-case words.
func words(kind string) string {
	var b strings.Builder
	for i, r := range kind {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
