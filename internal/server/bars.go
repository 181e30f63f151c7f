package server

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kubestate/kubestate/internal/answers"
)

// A barChart is a chart as it is drawn.
type barChart struct {
	answers.Chart
	// Legend are the names of parts, if bars have different ones.
	Legend []string
	Drawn  []drawnBar
}

// A drawnBar is a bar as it is drawn, 100 wide.
type drawnBar struct {
	Name string
	// Namespace is that of the bar, if it has one, and Cluster that of the namespace.
	Namespace, Cluster string
	Parts              []drawnPart
	// Text describes the parts, and Size the whole.
	Text, Size string
}

type drawnPart struct {
	Class       string
	From, Width string
}

func newBarChart(c answers.Chart) barChart {
	chart := barChart{Chart: c}
	seen := map[string]bool{}
	for _, b := range c.Bars {
		chart.Drawn = append(chart.Drawn, newDrawnBar(c, b))
		for _, p := range b.Parts {
			if b.Whole == 0 && !seen[p.Name] {
				seen[p.Name] = true
				chart.Legend = append(chart.Legend, p.Name)
			}
		}
	}
	return chart
}

func newDrawnBar(c answers.Chart, b answers.Bar) drawnBar {
	drawn := drawnBar{Name: answers.Shown(b.Name)}
	sum := 0.0
	var texts []string
	for _, p := range b.Parts {
		sum += p.Value
		texts = append(texts, c.Amount(p.Value)+" "+p.Name)
	}
	whole := max(b.Whole, sum)
	position := 0.0
	for _, p := range b.Parts {
		width := 0.0
		if whole > 0 {
			width = 100 * p.Value / whole
		}
		class := p.Name
		if b.Whole > 0 && p.Value > nearlyFull*b.Whole {
			class = "full"
		}
		drawn.Parts = append(drawn.Parts, drawnPart{class, decimal(position), decimal(width)})
		position += width
	}
	drawn.Text = strings.Join(texts, ", ")
	if b.Whole == 0 {
		drawn.Size = c.Amount(sum)
		drawn.Namespace = b.Name
		if cluster, namespace, ok := strings.Cut(b.Name, "/"); ok {
			drawn.Cluster, drawn.Namespace = cluster, namespace
		}
		return drawn
	}
	drawn.Size = fmt.Sprintf("%.0f%% of %s", 100*sum/b.Whole, c.Amount(b.Whole))
	drawn.Text += " of " + c.Amount(b.Whole)
	return drawn
}

// nearlyFull is the fraction from which a part of a whole is marked.
const nearlyFull = 0.9

// decimal formats a coordinate.
func decimal(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }
