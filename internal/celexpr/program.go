package celexpr

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/interpreter"
)

// A Result restricts the results of an expression.
type Result string

// The results of expressions. Compile rejects an expression of another type; of dynamic results,
// only Bool is checked.
const (
	// Any is any value that Eval can return.
	Any Result = "JSON value"
	// Scalar is any value but lists and maps.
	Scalar Result = "scalar"
	// Bool is true or false.
	Bool Result = "bool"
)

// A Program is a compiled expression. It may be used by several goroutines at a time.
type Program struct {
	program cel.Program
	source  *ast.SourceInfo
}

// Variables are the values of an expression's variables, as Decode returns them. Eval does not
// change them.
type Variables struct {
	Object any
	Self   any
}

// Compile compiles an expression. The error is an *Error with a position in the text.
func Compile(text string, result Result) (*Program, error) {
	env, err := environment()
	if err != nil {
		return nil, fmt.Errorf("CEL environment: %w", err)
	}
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, firstOf(issues.Errors())
	}
	if !result.allows(checked.OutputType()) {
		return nil, newError(common.NewLocation(1, 0), fmt.Sprintf("expression has type %s, want %s", cel.FormatCELType(checked.OutputType()), result))
	}
	program, err := env.Program(checked, programOptions...)
	if err != nil {
		return nil, newError(common.NewLocation(1, 0), err.Error())
	}
	return &Program{program: program, source: checked.NativeRep().SourceInfo()}, nil
}

// Eval evaluates the expression. The value is nil, a bool, int64, float64, string, []any or
// map[string]any, as in JSON:
//
//	uint                      int64, or float64 beyond its range
//	timestamp                 RFC 3339 text
//	duration                  seconds, as float64
//	bytes                     base64 text
//	quantity, URL, IP,        their canonical text
//	CIDR, semantic version
//	optional                  its value, or nil
//
// The error is ErrCostLimit or an *Error.
func (p *Program) Eval(variables Variables) (any, error) {
	result, _, err := p.program.Eval((*activation)(&variables))
	if err != nil {
		return nil, p.evalError(err)
	}
	budget := CostLimit
	return convert(result, &budget)
}

// Bool evaluates an expression whose result is true or false. Any other result is an error.
func (p *Program) Bool(variables Variables) (bool, error) {
	result, _, err := p.program.Eval((*activation)(&variables))
	if err != nil {
		return false, p.evalError(err)
	}
	b, ok := result.(types.Bool)
	if !ok {
		return false, newError(common.NoLocation, fmt.Sprintf("result has type %s, want %s", result.Type().TypeName(), Bool))
	}
	return bool(b), nil
}

// evalError adds the position to an error of an evaluation.
func (p *Program) evalError(err error) error {
	var cancelled interpreter.EvalCancelledError
	if errors.As(err, &cancelled) && cancelled.Cause == interpreter.CostLimitExceeded {
		return ErrCostLimit
	}
	var location common.Location = common.NoLocation
	if failed, ok := errors.AsType[*types.Err](err); ok {
		location = p.source.GetStartLocation(failed.NodeID())
	}
	return newError(location, err.Error())
}

// firstOf returns the first error by position.
func firstOf(errs []*cel.Error) *Error {
	first := slices.MinFunc(errs, func(a, b *cel.Error) int {
		return cmp.Or(cmp.Compare(a.Location.Line(), b.Location.Line()), cmp.Compare(a.Location.Column(), b.Location.Column()))
	})
	return newError(first.Location, first.Message)
}

// An activation resolves the variables.
type activation Variables

// ResolveName returns the value of a variable.
func (a *activation) ResolveName(name string) (any, bool) {
	switch name {
	case objectVariable:
		return a.Object, true
	case selfVariable:
		return a.Self, true
	default:
		return nil, false
	}
}

// Parent returns nil.
func (a *activation) Parent() interpreter.Activation { return nil }
