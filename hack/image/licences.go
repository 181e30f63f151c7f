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

// licenceFile is how files with the text of a licence are called.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([-.].+)?$|^.+-licen[cs]e(\..+)?$`)

// known is the part of a text, in percent, that has to be the words of licences: the rest
// is names, years and titles.
const known = 75

// licences gives the licences whose texts are in the root of a module, by their SPDX
// identifiers, in order. A module without, or with one that is unknown, is an error: somebody
// has to look at it.
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
			return nil, fmt.Errorf("%s: %.0f%% of it are known licences, want %d%%", path, coverage.Percent, known)
		}
		for _, match := range coverage.Match {
			if !match.IsURL {
				ids = append(ids, match.ID)
			}
		}
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%s: no file with a licence", module)
	}
	slices.Sort(ids)
	var all cyclonedx.Licenses
	for _, id := range slices.Compact(ids) {
		all = append(all, cyclonedx.LicenseChoice{License: &cyclonedx.License{ID: id}})
	}
	return &all, nil
}
