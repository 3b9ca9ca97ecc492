namespace Tally.Faults;

/// <summary>
/// Breaks a promise on purpose, so that it can be seen that a test notices (docs/guarantees.md, "The checks can fail"). The switches exist only in builds
/// with <c>-p:Sabotage=true</c>; in all others <see cref="Is"/> is false whatever the environment says, and the compiler leaves the question out.
/// </summary>
internal static class Sabotage
{
    /// <summary>The environment variable that names one of the switches below.</summary>
    public const string Variable = "TALLY_SABOTAGE";

    /// <summary>One result's place is taken by a copy of the one before it.</summary>
    public const string Drop = "relay.drop";

    /// <summary>One result is published twice.</summary>
    public const string Double = "relay.double";

    /// <summary>Two results change places.</summary>
    public const string Swap = "relay.swap";

    /// <summary>A failed delivery counts as delivered, so <c>relayed</c> runs ahead over a gap.</summary>
    public const string ForgetFailures = "relay.forget-failures";

    /// <summary>Callers are answered before their commit.</summary>
    public const string AnswerFirst = "append.answer-first";

    /// <summary>A batch is stored without a look at the shard's epoch.</summary>
    public const string NoFence = "append.no-fence";

    /// <summary>A claim takes the shard in the epoch that it had.</summary>
    public const string ReuseEpoch = "claim.reuse-epoch";

    /// <summary>A batch is stored without its idempotency keys.</summary>
    public const string ForgetKeys = "keys.forget";

    /// <summary>Whatever a consumer has confirmed, segments go.</summary>
    public const string TrimUnconfirmed = "trim.unconfirmed";

    /// <summary>What a shard holds already is folded again.</summary>
    public const string FoldReplays = "fold.replays";

    /// <summary>A fold is stored whatever position the database holds.</summary>
    public const string FoldUnconditionally = "fold.unconditionally";

    /// <summary>The offset that is stored with a fold lies ahead of what was folded.</summary>
    public const string OffsetsFirst = "fold.offsets-first";

#if SABOTAGE
    private static readonly string? Chosen = Environment.GetEnvironmentVariable(Variable);

    /// <summary>Whether this is to be broken.</summary>
    /// <param name="name">One of the switches.</param>
    public static bool Is(string name) => Chosen == name;
#else
    /// <summary>Whether this is to be broken: never, in this build.</summary>
    /// <param name="name">One of the switches.</param>
    public static bool Is(string name) => false;
#endif
}
