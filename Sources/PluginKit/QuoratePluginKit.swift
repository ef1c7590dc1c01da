/// What the author of a plugin imports: the contracts and values of QuorateCore.
@_exported public import QuorateCore
