namespace Tally.Outbox.Trimming;

/// <summary>Who must have confirmed what is dropped: <see cref="OutboxOptions.Consumers"/>, understood.</summary>
/// <param name="Named">Who is asked by name.</param>
/// <param name="NeedsOne">Whether anybody at all must have confirmed.</param>
internal sealed record ConsumerNames(string[] Named, bool NeedsOne)
{
    /// <summary>The setting's word for "nobody".</summary>
    public const string None = "none";

    public static ConsumerNames Parse(string setting) => setting.Trim() == None
        ? new ConsumerNames([], NeedsOne: false)
        : new ConsumerNames(setting.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), NeedsOne: true);
}
