package options

import "fmt"

// Profiling tells when the telemetry port serves profiles.
type Profiling string

// The modes of profiling. ProfilingAuto is on if the port is on a loopback address or behind
// the auth filter.
const (
	ProfilingAuto Profiling = "auto"
	ProfilingOn   Profiling = "on"
	ProfilingOff  Profiling = "off"
)

// String returns the mode. With Set and Type it makes Profiling a pflag.Value.
func (p *Profiling) String() string { return string(*p) }

// Set parses the name of a mode.
func (p *Profiling) Set(s string) error {
	switch mode := Profiling(s); mode {
	case ProfilingAuto, ProfilingOn, ProfilingOff:
		*p = mode
		return nil
	}
	return fmt.Errorf("want %s, %s or %s", ProfilingAuto, ProfilingOn, ProfilingOff)
}

// Type is the type shown in the help.
func (*Profiling) Type() string { return "mode" }
