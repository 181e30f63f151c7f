package main

import (
	"time"

	"github.com/kubestate/kubestate/internal/answers"
	"github.com/kubestate/kubestate/internal/watcher"
)

// asked returns what is asked about some namespaces, none for all: as of now, or of the time of the snapshot.
func (b backend) asked(snapshot bool) func(namespaces []string) answers.Content {
	return func(namespaces []string) answers.Content {
		content := answers.Content{Resources: b.Resources(), Namespaces: namespaces}
		if !snapshot {
			content.Now = time.Now()
		}
		content.Unseen = unseen(b.Statuses())
		_, pending := b.custom.statuses(b.Watcher.Checks, b.Pending)
		for _, name := range pending {
			content.Unseen = append(content.Unseen, answers.Unseen{Resource: name, Reason: string(watcher.Syncing)})
		}
		return content
	}
}
