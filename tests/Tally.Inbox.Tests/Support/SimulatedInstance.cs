using Tally.Inbox.Folding;

namespace Tally.Inbox.Tests.Support;

/// <summary>An instance of an inbox without Kafka: reads a topic with one partition from where the database says, and commits when it's told to.</summary>
internal sealed class SimulatedInstance
{
    private readonly SimulatedDatabase _database;
    private readonly IReadOnlyList<Number?> _topic;
    private int _next;

    public SimulatedInstance(SimulatedDatabase database, IReadOnlyList<Number?> topic, int maxSetAside = 1000)
    {
        _database = database;
        _topic = topic;
        Folder = new Folder<long, Number>(new NumberHandler(), "numbers", maxSetAside, Log);
        Start();
    }

    public FolderLog Log { get; } = new();

    public Folder<long, Number> Folder { get; }

    public bool AtEnd => _next == _topic.Count;

    /// <summary>As after a crash, a rebalance or a collision: nothing in memory counts.</summary>
    public void Start()
    {
        var stored = _database.Read();
        Folder.Load(stored);
        _next = (int)(stored.NextOffset("numbers", null, 0) ?? 0);
    }

    /// <summary>Takes the next message; a message that is null is garbage.</summary>
    public void Take()
    {
        var offset = _next++;
        Folder.Take(_topic[offset]?.At(offset) ?? new("numbers", 0, offset, [1], [2, 3]));
        if (Folder.MustReadAgain)
        {
            Commit();
            Start();
        }
    }

    public void Commit()
    {
        if (Folder.HasPending && !_database.Commit(Folder.Complete()))
        {
            Start();
        }
    }

    public void RunToEnd()
    {
        do
        {
            while (!AtEnd)
            {
                Take();
            }

            Commit();
        }
        while (!AtEnd);
    }
}
