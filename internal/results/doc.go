// Package results has the results of Jobs by CronJob: Jobs and CronJobs go in, and lines of the
// derived families of both come out.
//
// An Index has the last success and the last failure of each CronJob. A Source feeds the index with the
// Jobs or CronJobs of one list and watch. Ends of Jobs are joined, the later one wins: the join is
// idempotent and commutative. Ends outlive the Jobs: the index has a CronJob as long as a Source has the
// CronJob or one of its Jobs.
//
// A Job that ends in the same second as another one counts as later if it has succeeded: a CronJob
// whose last result is a success has no Job that failed for good.
package results
