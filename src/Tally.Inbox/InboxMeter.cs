namespace Tally.Inbox;

/// <summary>The inbox's metrics.</summary>
public static class InboxMeter
{
    /// <summary>The name of the meter, for whoever collects its instruments.</summary>
    public const string Name = "Tally.Inbox";
}
