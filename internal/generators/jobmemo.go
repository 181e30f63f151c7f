package generators

import batchv1 "k8s.io/api/batch/v1"

// jobMemo counts the results of jobs. A memo has the result and its reason.
var jobMemo = Memo[*batchv1.Job]{Append: appendJobMemo, Join: joinJobMemos, Count: countJob, Counts: &JobCounts}

// Results of jobs.
const (
	resultSucceeded = "succeeded"
	resultFailed    = "failed"
)

const (
	reasonBackoffLimit = "BackoffLimitExceeded"
	reasonDeadline     = "DeadlineExceeded"
	reasonComplete     = string(batchv1.JobComplete)
)

// jobReasons are the reasons of results: Complete is that of all jobs that succeeded, the others are of
// those that failed.
var jobReasons = codes{
	"", reasonComplete, string(batchv1.JobFailed), reasonBackoffLimit, reasonDeadline,
	batchv1.JobReasonPodFailurePolicy, batchv1.JobReasonFailedIndexes, batchv1.JobReasonMaxFailedIndexesExceeded,
	reasonOther,
}

func appendJobMemo(dst []byte, before string, j *batchv1.Job, created bool) []byte {
	isNew := before == ""
	c := cursor{before}
	flags, reason := c.byte(), c.byte()
	if isNew && created {
		flags = createdFlag
	}
	if reason == 0 {
		if at, text := jobFinished(j); !at.IsZero() {
			reason = jobReasons.of(text)
		}
	}
	return append(dst, flags, reason)
}

func joinJobMemos(dst []byte, a, b string) []byte {
	x, y := cursor{a}, cursor{b}
	flags := x.byte() | y.byte()
	reason, other := x.byte(), y.byte()
	if reason == 0 {
		reason = other
	}
	return append(dst, flags, reason)
}

func countJob(before, after string, add func(Increment)) {
	if after == "" {
		return
	}
	x, y := cursor{before}, cursor{after}
	_, counted := x.byte(), x.byte()
	flags, reason := y.byte(), y.byte()
	if before == "" {
		add(resultOf(reasonComplete, 0))
		add(resultOf(reasonBackoffLimit, 0))
		add(resultOf(reasonDeadline, 0))
		if flags&createdFlag == 0 {
			counted = reason
		}
	}
	if reason != 0 && counted == 0 {
		add(resultOf(jobReasons.text(reason), 1))
	}
}

// resultOf returns the increment of the results for a reason.
func resultOf(reason string, by uint64) Increment {
	result := resultFailed
	if reason == reasonComplete {
		result = resultSucceeded
	}
	return Increment{Series: Series{Of: jobResults, Labels: [2]string{result, reason}}, By: by}
}
