"""Going through any amount of messages with a guard: a source gives rows, a guard answers, a sink keeps the answers.

`records` reads rows from inputs of any format, `blocks` cuts their stream where a shard ends, `scoring` has every
text of a block answered once by an engine, and `sink` keeps each block as one shard. A shard is a pure function of
its rows and the guard, so it is there or it is not: what was killed is started again, nothing is lost or doubled.
"""
