package celexpr

import (
	"regexp"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
)

// patternFunctions take a regular expression as their first argument, or as their second after the
// string to match.
var patternFunctions = map[string]bool{"matches": true, "find": true, "findAll": true}

// patternValidator rejects literals that are invalid regular expressions. cel-go's own validator
// checks only matches, and without a reason.
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
