package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	packageurl "github.com/package-url/packageurl-go"
	"golang.org/x/mod/module"
)

// writeMaterials writes a CycloneDX bill of materials of each program to dir.
func (r release) writeMaterials(dir string, platforms []v1.Platform) error {
	for _, p := range platforms {
		bom, err := r.materials(r.program(p))
		if err != nil {
			return fmt.Errorf("bill of materials for %s: %w", p, err)
		}
		if err := writeJSON(filepath.Join(dir, "kubestate-"+fileName(p)+".cdx.json"), bom); err != nil {
			return err
		}
	}
	return nil
}

func writeJSON(path string, bom *cyclonedx.BOM) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := cyclonedx.NewBOMEncoder(f, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cyclonedx.SpecVersion1_6); err != nil {
		return err
	}
	return f.Close()
}

// materials returns the modules in the program's build information and the standard library, with
// their licences.
func (r release) materials(program string) (*cyclonedx.BOM, error) {
	content, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(content)
	itself := component(&debug.Module{Path: info.Main.Path, Version: r.Version})
	itself.Type = cyclonedx.ComponentTypeApplication
	itself.Name = "kubestate"
	itself.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}}
	itself.Licenses = &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "Apache-2.0"}}}

	std := component(&debug.Module{Path: "std", Version: strings.TrimPrefix(info.GoVersion, "go")})
	if std.Licenses, err = licences(r.Go); err != nil {
		return nil, err
	}
	components := []cyclonedx.Component{std}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		c := component(m)
		escaped, err := module.EscapePath(m.Path)
		if err != nil {
			return nil, err
		}
		if c.Licenses, err = licences(filepath.Join(r.Modules, filepath.FromSlash(escaped)+"@"+m.Version)); err != nil {
			return nil, err
		}
		components = append(components, c)
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Timestamp: r.Created.Format(time.RFC3339), Component: &itself}
	bom.Components = &components
	return bom, nil
}

// component returns the component of a module. The sum in go.sum is no hash of CycloneDX.
func component(m *debug.Module) cyclonedx.Component {
	namespace, name := path.Split(strings.ToLower(m.Path)) // as in package URLs
	purl := packageurl.NewPackageURL(packageurl.TypeGolang, namespace, name, m.Version, nil, "").ToString()
	c := cyclonedx.Component{
		Type:       cyclonedx.ComponentTypeLibrary,
		BOMRef:     purl,
		Name:       m.Path,
		Version:    m.Version,
		PackageURL: purl,
	}
	if m.Sum != "" {
		c.Properties = &[]cyclonedx.Property{{Name: "go.sum", Value: m.Sum}}
	}
	return c
}
