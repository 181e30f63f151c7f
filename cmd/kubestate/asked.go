package main

import (
	"time"

	"github.com/kubestate/kubestate/internal/answers"
)

// asked returns what is asked about some namespaces, none for all: as of now, or of the time of the snapshot.
func (b backend) asked(snapshot bool) func(namespaces []string) answers.Content {
	return func(namespaces []string) answers.Content {
		content := answers.Content{Resources: b.Resources(), Namespaces: namespaces}
		if !snapshot {
			content.Now, content.Unseen = time.Now(), unseen(b.Statuses())
		}
		return content
	}
}
