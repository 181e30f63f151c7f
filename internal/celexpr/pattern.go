package celexpr

import (
	"regexp"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
)

// patternFunctions have a regular expression as their first argument, or second after the
// string that it is for.
var patternFunctions = map[string]bool{"matches": true, "find": true, "findAll": true}

// patternValidator refuses literals that are no regular expressions, at their position.
// cel-go's own validator knows matches alone, and gives no reason.
type patternValidator struct{}

// Name is the name of the validator.
func (patternValidator) Name() string { return "kubestate.patterns" }

// Validate reports the literals.
func (patternValidator) Validate(_ *cel.Env, _ cel.ValidatorConfig, checked *ast.AST, issues *cel.Issues) {
	for _, expr := range ast.MatchDescendants(ast.NavigateAST(checked), ast.KindMatcher(ast.CallKind)) {
		call := expr.AsCall()
		if !patternFunctions[call.FunctionName()] {
			continue
		}
		args := call.Args()
		if !call.IsMemberFunction() {
			args = args[1:]
		}
		literal := args[0].AsLiteral()
		if literal == nil {
			continue
		}
		if pattern, ok := literal.Value().(string); !ok {
			continue
		} else if _, err := regexp.Compile(pattern); err != nil {
			issues.ReportErrorAtID(args[0].ID(), "%v", err)
		}
	}
}
