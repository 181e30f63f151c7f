package options

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/kubestate/kubestate/internal/customresource"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/nearest"
	"github.com/kubestate/kubestate/internal/presets"
)

// Custom is the configuration of custom resources.
type Custom struct {
	// Config is nil if there is none.
	Config *customresource.Config
	// Path is the file of the configuration, empty without one. Sum is the MD5 sum of the
	// text, nil without Config.
	Path string
	Sum  []byte
	// Err is the error of a missing file, with
	// --continue-without-custom-resource-state-config-file.
	Err error
}

// Refusal returns the error for which a reload must not replace the current configuration by c: the
// file in use is missing, or has changed and has invalid entries. A start ignores both.
func (c Custom) Refusal(current Custom) error {
	switch {
	case c.Err != nil && current.Err == nil:
		return c.Err
	case c.Config != nil && len(c.Config.Faults) > 0 && !bytes.Equal(c.Sum, current.Sum):
		return CustomError{Err: errors.Join(c.Config.Faults...)}
	}
	return nil
}

// A CustomError is an error of the configuration of custom resources.
type CustomError struct{ Err error }

// Error returns the text of Err.
func (e CustomError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e CustomError) Unwrap() error { return e.Err }

// Files are the configuration files to watch for changes.
func (o Options) Files() []string {
	return slices.DeleteFunc([]string{o.Config, o.Custom.Path}, func(path string) bool { return path == "" })
}

// SameFiles reports whether the configuration files of both have the same content.
func (o Options) SameFiles(other Options) bool {
	return bytes.Equal(o.ConfigSum, other.ConfigSum) && bytes.Equal(o.Custom.Sum, other.Custom.Sum)
}

// The flags of custom resources.
const (
	customInline   = "--custom-resource-state-config"
	customFile     = "--custom-resource-state-config-file"
	customContinue = "--continue-without-custom-resource-state-config-file"
	customPresets  = "--custom-resource-presets"
)

// custom reads the configuration of custom resources: presets, and the text of the flag or else of
// the file.
func (v *values) custom() (Custom, error) {
	var c Custom
	sum := md5.New()
	add := func(name string, text []byte) error {
		config, err := customresource.Parse(name, text)
		if err != nil {
			return err
		}
		sum.Write(text)
		if c.Config == nil {
			c.Config = &customresource.Config{}
		}
		c.Config.Append(config)
		return nil
	}
	for _, name := range v.customPresets.unique() {
		text, err := PresetText(name)
		if err != nil {
			return Custom{}, fmt.Errorf("%s: %w", customPresets, err)
		}
		if err := add("preset "+name, text); err != nil {
			return Custom{}, CustomError{Err: err}
		}
	}
	if v.customInline != "" {
		if err := add(customInline, []byte(v.customInline)); err != nil {
			return Custom{}, CustomError{Err: err}
		}
	} else if c.Path = v.customFile; c.Path != "" {
		text, err := os.ReadFile(c.Path)
		switch {
		case err != nil && v.continueWithoutCustom:
			c.Err = CustomError{Err: fmt.Errorf("%s: %w", customFile, err)}
		case err != nil:
			return Custom{}, CustomError{Err: fmt.Errorf("%s: %w; %s allows this", customFile, err, customContinue)}
		default:
			if err := add(c.Path, text); err != nil {
				return Custom{}, CustomError{Err: fmt.Errorf("%s: %w", customFile, err)}
			}
		}
	}
	if c.Config != nil {
		c.Config.CheckBuiltin(v.registry.Resources())
		c.Sum = sum.Sum(nil)
	}
	return c, nil
}

// PresetText returns the text of a preset. The error names the nearest one.
func PresetText(name string) ([]byte, error) {
	text, ok := presets.Get(name)
	if !ok {
		near, _ := nearest.To(name, presets.Names())
		return nil, fmt.Errorf("there is no preset %q; the nearest is %q", name, near)
	}
	return text, nil
}

// checkCustomOnly rejects --custom-resource-state-only without custom resources.
func (o Options) checkCustomOnly(only bool) error {
	if only && o.Custom.Config == nil && o.Custom.Path == "" {
		return errors.New("--custom-resource-state-only needs one of " +
			strings.Join([]string{customFile, customInline, customPresets}, ", "))
	}
	return nil
}

// checkCustomLabels rejects labels of clusters that series of custom resources can have: without theirs,
// series of several objects might be equal.
func (o Options) checkCustomLabels(constant []generators.ExtraLabel) error {
	if o.Custom.Config == nil {
		return nil
	}
	exported := func(family string) bool { return o.Selection.Exports(generators.FamilyDescription{Name: family}) }
	for _, l := range constant {
		if family, position := o.Custom.Config.FamilyWith(l.Name, exported); family != "" {
			return CustomError{Err: fmt.Errorf("label %s is a label of %s (%s)", l.Name, family, position)}
		}
	}
	return nil
}

// customFamilies are the families that custom resources may have, with names and groups alone.
func (o Options) customFamilies() []generators.FamilyDescription {
	if o.Custom.Config == nil {
		return nil
	}
	var all []generators.FamilyDescription
	for _, e := range o.Custom.Config.Entries {
		for _, f := range e.Families {
			all = append(all, generators.FamilyDescription{Name: f.Name})
		}
	}
	if of := customresource.WorkloadReplicas; slices.Contains(o.Selection.Groups, of.Group) {
		all = append(all, generators.FamilyDescription{Name: of.Name, Group: of.Group})
	}
	return all
}
