using System.Globalization;
using System.Text;
using Google.Protobuf;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Hosting;
using Tally.Contracts.V1;

namespace Tally.AppHost.Commands;

/// <summary>Quarantined messages for programs and for people.</summary>
internal static class QuarantineText
{
    private const int BytesInRow = 16;

    /// <summary>A message without its bytes.</summary>
    public static QuarantinedAnswer Brief(QuarantinedMessage message) => new(
        message.Id,
        message.Topic,
        message.Partition,
        message.Offset,
        message.TopicId.Length == 0 ? null : message.TopicId,
        Time(message.QuarantinedAtUnixMicros),
        message.Reason);

    /// <summary>A message with all that is known of it.</summary>
    public static QuarantinedAnswer Whole(QuarantinedMessage message) => Brief(message) with
    {
        KeyBase64 = message.Key.ToBase64(),
        ValueBase64 = message.Value.ToBase64(),
        Actions = [.. message.Actions.Select(action => new QuarantineActionAnswer(action.Action, action.Why, Time(action.AtUnixMicros)))],
    };

    public static void WriteList(QuarantineAnswer list, string dataFolder, TextAnswer text)
    {
        if (list.Quarantined.Count == 0)
        {
            text.Line("Nothing is in quarantine.");
            return;
        }

        var table = new TextTable(
            new Column("id", ToTheRight: true), new Column("since"), new Column("topic"), new Column("partition", ToTheRight: true),
            new Column("offset", ToTheRight: true), new Column("reason"));
        foreach (var message in list.Quarantined)
        {
            table.Add(
                $"{message.Id}", Words(message.QuarantinedAt), message.Topic, $"{message.Partition}", $"{message.Offset}", Printable(message.Reason));
        }

        text.Table(table);
        if (list.More)
        {
            text.Line($"There may be more: {SystemFiles.Command("quarantine list", dataFolder)} --after {list.Quarantined[^1].Id}");
        }
    }

    public static void WriteOne(QuarantinedMessage message, TextAnswer text)
    {
        text.Line($"message    {message.Id}");
        text.Line($"reason     {Printable(message.Reason)}");
        text.Line($"since      {Words(Time(message.QuarantinedAtUnixMicros))}");
        text.Line($"place      {message.Topic}, partition {message.Partition}, offset {message.Offset}");
        text.Line(message.TopicId.Length == 0 ? "topic id   unknown" : $"topic id   {message.TopicId}");
        foreach (var action in message.Actions)
        {
            text.Line($"{action.Action,-10} {Words(Time(action.AtUnixMicros))}: {Printable(action.Why)}");
        }

        WriteBytes("key", message.Key, text);
        WriteBytes("value", message.Value, text);
    }

    /// <summary>Bytes in rows, in hexadecimal and as text where they are text: nothing that could disturb a terminal.</summary>
    private static void WriteBytes(string what, ByteString bytes, TextAnswer text)
    {
        text.Line($"{what,-10} {bytes.Length} bytes");
        foreach (var (row, at) in bytes.ToByteArray().Chunk(BytesInRow).Select((row, at) => (row, at)))
        {
            var letters = string.Concat(row.Select(one => one is >= 0x20 and < 0x7f ? (char)one : '.'));
            text.Line($"  {at * BytesInRow:x6}  {Convert.ToHexStringLower(row).PadRight(2 * BytesInRow)}  {letters}");
        }
    }

    private static string Printable(string text)
    {
        var printable = new StringBuilder(text.Length);
        foreach (var letter in text)
        {
            printable.Append(char.IsControl(letter) ? '?' : letter);
        }

        return printable.ToString();
    }

    private static DateTimeOffset Time(long unixMicros) => DateTimeOffset.UnixEpoch.AddTicks(unixMicros * TimeSpan.TicksPerMicrosecond);

    private static string Words(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
