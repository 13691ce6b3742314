// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package ingest is what receivers share whose items come by HTTP or from files: predictions in
// payload logs, labels.
//
// An item that is not taken is a RefusalError. The sender of a request learns of it in an Answer:
//
//	POST ──► IsPost ──► body ──► items ──┬─► taken ─► pipeline ─► Answer.Send: 200 or 503
//	                      │              └─► refused ─► Answer.Refuse ─► Answer.Send: 400
//	                      └─► Answer.SendTooLarge: 413, or Answer.SendUnread: 400
//
// A file is followed until each of its lines is taken. While the pipeline has no room the Follower
// waits with the lines that it has read, so that the rest stays in the file. Those that the
// collector's stop finds waiting are kept in the storage, and sent by the next Follower:
//
//	file ──► lines ──► Batch ──► Send, until taken ──► offsets in the storage
//	                               └── stop ──► unsent in the storage ──► next SendUnsent
package ingest
