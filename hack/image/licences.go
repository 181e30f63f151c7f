package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/licensecheck"
)

// licenceFile matches names of licence files.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([-.].+)?$|^.+-licen[cs]e(\..+)?$`)

// known is the minimal share of known licences in a text, in percent: the rest is names, years and
// titles.
const known = 75

// licences returns the SPDX identifiers of the licences in the root of a module, in order. A
// missing or unknown licence is an error.
func licences(module string) (*cyclonedx.Licenses, error) {
	entries, err := os.ReadDir(module)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, entry := range entries {
		if entry.IsDir() || !licenceFile.MatchString(entry.Name()) {
			continue
		}
		path := filepath.Join(module, entry.Name())
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		coverage := licensecheck.Scan(text)
		if coverage.Percent < known {
			return nil, fmt.Errorf("%s: %.0f%% of the text are known licences, want %d%%", path, coverage.Percent, known)
		}
		for _, match := range coverage.Match {
			if !match.IsURL {
				ids = append(ids, match.ID)
			}
		}
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%s: no licence file", module)
	}
	slices.Sort(ids)
	var all cyclonedx.Licenses
	for _, id := range slices.Compact(ids) {
		all = append(all, cyclonedx.LicenseChoice{License: &cyclonedx.License{ID: id}})
	}
	return &all, nil
}
