package celexpr

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/cel-go/common"
)

// ErrCostLimit is the error of an evaluation that exceeds CostLimit.
var ErrCostLimit = errors.New("cost limit of " + strconv.Itoa(CostLimit) + " exceeded")

// An Error is an error of an expression or its evaluation.
type Error struct {
	// Line and Column are the position in the expression's text, in characters from 1; 0 if it
	// is unknown.
	Line, Column int
	// Message is one line.
	Message string
}

// Error returns the position and the message.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
}

// newError converts an error of cel-go, whose columns begin at 0, or at -1 in an empty text.
func newError(location common.Location, message string) *Error {
	e := &Error{Message: oneLine(message)}
	if location.Line() > 0 {
		e.Line, e.Column = location.Line(), max(location.Column(), 0)+1
	}
	return e
}

// maxMessage bounds messages in bytes: they may quote objects.
const maxMessage = 300

// oneLine returns at most maxMessage bytes of a message, on one line, without control characters.
func oneLine(message string) string {
	// No expression has a container.
	message = strings.ReplaceAll(message, " (in container '')", "")
	cut := len(message) > maxMessage
	if cut {
		end := maxMessage
		for end > 0 && !utf8.RuneStart(message[end]) {
			end--
		}
		message = message[:end]
	}
	message = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(message, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if cut {
		message += "..."
	}
	return message
}
