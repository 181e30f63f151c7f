package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// mit is a typical licence file.
const mit = `MIT License

Copyright (c) 2026 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`

func TestLicences(t *testing.T) {
	f := func(want, wantErr string, files ...string) {
		t.Helper()
		dir := t.TempDir()
		for i := 0; i < len(files); i += 2 {
			must(t, os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o600))
		}
		got, err := licences(dir)
		if wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), wantErr) {
				t.Errorf("%q: error %v, want %q", files, err, wantErr)
			}
			return
		}
		must(t, err)
		if diff := cmp.Diff(want, ids(got)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", files, diff)
		}
	}
	apache := string(read(t, "../../LICENSE"))
	f("MIT", "", "LICENSE", mit)
	f("MIT", "", "licence.md", mit, "README.md", apache)
	f("Apache-2.0 MIT", "", "LICENSE-MIT", mit, "LICENSE-APACHE", apache)
	f("Apache-2.0", "", "COPYING", apache, "LICENSE.txt", apache)
	f("Apache-2.0 MIT", "", "LICENSE", mit+"\n"+apache)
	f("", "no licence file", "README.md", mit)
	f("", "LICENSE: 0% of the text are known licences", "LICENSE", "Ask me first.")
}

func ids(licences *cyclonedx.Licenses) string {
	var all []string
	if licences != nil {
		for _, l := range *licences {
			all = append(all, l.License.ID)
		}
	}
	return strings.Join(all, " ")
}

// TestLicencesOfModules checks that each module in the bills of materials has accepted licences.
func TestLicencesOfModules(t *testing.T) {
	taken := []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"}
	for _, p := range []v1.Platform{amd64, arm64} {
		var bom cyclonedx.BOM
		must(t, cyclonedx.NewBOMDecoder(bytes.NewReader(read(t, made(t).materials(p))), cyclonedx.BOMFileFormatJSON).Decode(&bom))
		of := map[string]string{}
		for _, c := range *bom.Components {
			of[c.Name] = ids(c.Licenses)
			for id := range strings.FieldsSeq(of[c.Name]) {
				if !strings.Contains(" "+strings.Join(taken, " ")+" ", " "+id+" ") {
					t.Errorf("%s: %s is under %s", p, c.Name, id)
				}
			}
			if of[c.Name] == "" {
				t.Errorf("%s: no licence of %s", p, c.Name)
			}
		}
		for module, want := range map[string]string{"std": "BSD-3-Clause", "k8s.io/client-go": "Apache-2.0", "github.com/dlclark/regexp2/v2": "MIT", "golang.org/x/sync": "BSD-3-Clause"} {
			if of[module] != want {
				t.Errorf("%s: %s is under %q, want %s", p, module, of[module], want)
			}
		}
	}
}
