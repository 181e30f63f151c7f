package options

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/pflag"
)

// A Command is the first argument of the program.
type Command string

// The commands. Serve is the default.
const (
	Serve       Command = ""
	Version     Command = "version"
	RBAC        Command = "rbac"
	Cardinality Command = "cardinality"
	Answers     Command = "answers"
	Help        Command = "help"
	Presets     Command = "presets"
)

// A View is a table of kubestate cardinality, by the names of the flags.
type View struct{ By, Sort, Format string }

// A Report is how kubestate answers prints, and how long it waits for an API server.
type Report struct {
	Output  string // text, json or yaml
	Queries bool
	Timeout time.Duration
}

// addCommand adds the command and what is known of its flags.
func (v *values) addCommand(o *Options, flags *pflag.FlagSet) {
	o.Command, o.Config, o.restartOnly, o.Klog = Command(flags.Arg(0)), v.config, restartOnly(flags), givenKlog(flags)
	if o.Command == Answers {
		o.Report = v.report
	}
}

// checkCommand rejects flags of another command, and a command without a flag that it needs.
func (v *values) checkCommand(command Command, flags *pflag.FlagSet) error {
	var wrong error
	for _, other := range []struct {
		command Command
		flags   *pflag.FlagSet
	}{{Cardinality, new(values).viewFlags()}, {Answers, new(values).reportFlags()}} {
		other.flags.VisitAll(func(f *pflag.Flag) {
			if command != other.command && flags.Changed(f.Name) {
				wrong = cmp.Or(wrong, removed(f.Name), fmt.Errorf("--%s is a flag of kubestate %s", f.Name, other.command))
			}
		})
	}
	switch {
	case wrong != nil:
		return wrong
	case command == Cardinality && len(v.snapshot) == 0 && v.config == "":
		return fmt.Errorf("%s needs --snapshot", Cardinality)
	case command == Answers && !slices.Contains([]string{"text", "json", "yaml"}, v.report.Output):
		return fmt.Errorf("--output=%.64q: want text, json or yaml", v.report.Output)
	case command == Answers && v.report.Timeout <= 0:
		return fmt.Errorf("--timeout is %s, want more than 0", v.report.Timeout)
	}
	return nil
}
