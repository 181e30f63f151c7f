package main

import (
	"bytes"
	"fmt"
	"html"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Sizes of a terminal's picture, in pixels.
const (
	cellWidth, cellHeight = 8, 18
	margin                = 16
	titleHeight           = 32
)

// colours are those of a terminal's text by its SGR parameters, on the background below: each has a contrast of at
// least 4.5.
var colours = map[int]string{
	30: "#8b949e", 31: "#ff7b72", 32: "#7ee787", 33: "#e3b341", 34: "#79c0ff", 35: "#d2a8ff", 36: "#76e3ea", 37: "#e6edf3",
	90: "#8b949e", 91: "#ffa198", 92: "#aff5b4", 93: "#f8e3a1", 94: "#a5d6ff", 95: "#e2c5ff", 96: "#b3f0ff", 97: "#ffffff",
}

const background, foreground = "#0d1117", "#e6edf3"

// A style is how characters look.
type style struct {
	bold, faint bool
	colour      string
}

// terminal draws the text of a terminal as SVG: title, and text with the escape sequences of colours (SGR). Other
// sequences are an error. Each character has a cell, as wide as the font of the reader may be.
func terminal(title, text string) ([]byte, error) {
	var lines bytes.Buffer
	columns, row := utf8.RuneCountInString(title), 0
	var now style
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		column := 0
		for len(line) > 0 {
			if rest, ok := strings.CutPrefix(line, "\x1b["); ok {
				parameters, after, ok := strings.Cut(rest, "m")
				if !ok {
					return nil, fmt.Errorf("line %d: %q is no colour", row+1, line)
				}
				if err := now.apply(parameters); err != nil {
					return nil, fmt.Errorf("line %d: %w", row+1, err)
				}
				line = after
				continue
			}
			end := strings.IndexFunc(line, func(r rune) bool { return r < ' ' || r == '\x7f' })
			if end == 0 {
				return nil, fmt.Errorf("line %d: %.10q is no text", row+1, line)
			}
			if end < 0 {
				end = len(line)
			}
			now.draw(&lines, column, row, line[:end])
			column += utf8.RuneCountInString(line[:end])
			line = line[end:]
		}
		columns = max(columns, column)
		row++
	}
	width, height := columns*cellWidth+2*margin, titleHeight+row*cellHeight+margin
	var all bytes.Buffer
	fmt.Fprintf(&all, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img" aria-label="%s">
<style>text { font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: pre; fill: %s }</style>
<rect width="100%%" height="100%%" rx="8" fill="%s"/>
<circle cx="18" cy="16" r="5" fill="#ff5f57"/><circle cx="36" cy="16" r="5" fill="#febc2e"/><circle cx="54" cy="16" r="5" fill="#28c840"/>
<text x="%d" y="20" text-anchor="middle">%s</text>
`, width, height, html.EscapeString(title), foreground, background, width/2, html.EscapeString(title))
	all.Write(lines.Bytes())
	all.WriteString("</svg>\n")
	return all.Bytes(), nil
}

// apply changes a style by SGR parameters, as in "1;31".
func (s *style) apply(parameters string) error {
	for p := range strings.SplitSeq(parameters, ";") {
		n, err := strconv.Atoi(p)
		if p == "" {
			n, err = 0, nil
		}
		colour, known := colours[n]
		switch {
		case err != nil:
			return fmt.Errorf("%q is no colour", parameters)
		case n == 0:
			*s = style{}
		case n == 1:
			s.bold = true
		case n == 2:
			s.faint = true
		case n == 22:
			s.bold, s.faint = false, false
		case n == 39:
			s.colour = ""
		case known:
			s.colour = colour
		default:
			return fmt.Errorf("%q is a colour that is not known", parameters)
		}
	}
	return nil
}

// draw writes the words of a text: between them, two spaces or more are drawn by position.
func (s style) draw(to *bytes.Buffer, column, row int, text string) {
	look := ""
	if s.bold {
		look = "font-weight: bold; "
	}
	switch {
	case s.colour != "":
		look += "fill: " + s.colour
	case s.faint:
		look += "fill: " + colours[90]
	}
	if look != "" {
		look = ` style="` + strings.TrimSuffix(look, "; ") + `"`
	}
	for len(text) > 0 {
		rest := strings.TrimLeft(text, " ")
		column += len(text) - len(rest)
		words, after := rest, ""
		if i := strings.Index(rest, "  "); i >= 0 {
			words, after = rest[:i], rest[i:]
		}
		if n := utf8.RuneCountInString(words); n > 0 {
			fmt.Fprintf(to, "<text x=\"%d\" y=\"%d\" textLength=\"%d\"%s>%s</text>\n", margin+column*cellWidth,
				titleHeight+(row+1)*cellHeight-5, n*cellWidth, look, html.EscapeString(words))
			column += n
		}
		text = after
	}
}
