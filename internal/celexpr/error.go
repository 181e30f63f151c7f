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

// ErrCostLimit is the error of an evaluation that was stopped because of its cost.
var ErrCostLimit = errors.New("cost limit of " + strconv.Itoa(CostLimit) + " exceeded")

// An Error is what is wrong with an expression, or with its evaluation.
type Error struct {
	// Line and Column are the position in the expression's text, in characters from 1; 0 if it
	// is unknown.
	Line, Column int
	// Message is one line.
	Message string
}

// Error gives the position and the message.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
}

// newError gives an error of cel-go our form. Its columns begin at 0, and the end of an empty
// text is at -1.
func newError(location common.Location, message string) *Error {
	e := &Error{Message: oneLine(message)}
	if location.Line() > 0 {
		e.Line, e.Column = location.Line(), max(location.Column(), 0)+1
	}
	return e
}

// maxMessage bounds messages in bytes: they may have texts of objects in them.
const maxMessage = 300

// oneLine gives a message on one line, without control characters, and bounded.
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
