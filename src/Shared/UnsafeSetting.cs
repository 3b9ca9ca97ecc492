namespace Tally;

/// <summary>A server's setting with which a commit that was confirmed may be lost.</summary>
/// <param name="Name">The setting.</param>
/// <param name="Value">Its value.</param>
/// <param name="Allowed">What would be safe.</param>
internal sealed record UnsafeSetting(string Name, string Value, string Allowed)
{
    /// <summary>Which of a server's settings are unsafe; none when all is well.</summary>
    /// <param name="fsync">The setting fsync.</param>
    /// <param name="synchronousCommit">The setting synchronous_commit, as the role has it.</param>
    /// <param name="fullPageWrites">The setting full_page_writes.</param>
    public static IEnumerable<UnsafeSetting> Among(string fsync, string synchronousCommit, string fullPageWrites)
    {
        if (fsync != "on")
        {
            yield return new("fsync", fsync, "on");
        }

        if (synchronousCommit == "off")
        {
            yield return new("synchronous_commit", synchronousCommit, "on, local, remote_write, remote_apply");
        }

        if (fullPageWrites != "on")
        {
            yield return new("full_page_writes", fullPageWrites, "on");
        }
    }

    public override string ToString() => $"{Name} is {Value}";
}
