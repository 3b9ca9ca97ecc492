using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Google.Protobuf;
using HdrHistogram;
using Tally.Contracts.V1;

namespace Tally.Bench.Load;

/// <summary>
/// One HTTP/2 connection that sends adds, many at a time, each with an idempotency key of its own or none: what h2load can't do, which sends one body only,
/// at about its price. Knows as much of HTTP/2 as this takes: it counts answers, and checks nothing in them but that each has a message.
/// </summary>
internal sealed class RawClient(Uri server, KeyKind keys, Random random, LongHistogram? latencies = null) : IDisposable
{
    private const int FrameHeader = 9;
    private const int LargestFrame = 16_384;

    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte Reset = 3;
    private const byte Settings = 4;
    private const byte Ping = 6;
    private const byte GoAway = 7;
    private const byte EndStream = 1;
    private const byte Ack = 1;
    private const byte EndHeaders = 4;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _headerBlock = HeaderBlock(server);
    private readonly byte[] _received = new byte[4 * LargestFrame];
    private byte[] _toSend = new byte[LargestFrame];
    private int _length;
    private int _stream = 1;
    private long _begun;
    private long _ended;
    private long _messages;

    // When each call began, by the order of its stream; only where latencies are wanted.
    private long[] _beginnings = [];

    /// <summary>Sends so many calls, so many at a time.</summary>
    public async Task RunAsync(long calls, int underWay)
    {
        _beginnings = latencies is null ? [] : new long[calls];
        await _socket.ConnectAsync(server.Host, server.Port);
        Begin();
        while (_begun < Math.Min(underWay, calls))
        {
            AddCall();
        }

        var held = 0;
        while (_ended < calls)
        {
            await FlushAsync();
            var read = await _socket.ReceiveAsync(_received.AsMemory(held));
            if (read == 0)
            {
                throw new IOException("The server closed the connection.");
            }

            held = Take(held + read, calls);
        }

        if (_messages != calls)
        {
            throw new InvalidOperationException($"{calls} calls ended, but {_messages} had an answer.");
        }
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>Windows so large that nothing needs to be granted later, and no table of headers. (The server grants more than is ever under way.)</summary>
    private void Begin()
    {
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.CopyTo(Room(24));
        AddFrame(Settings, 0, 0, [0, 1, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff]);
        Span<byte> window = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(window, int.MaxValue - 65_535);
        AddFrame(8, 0, 0, window);
    }

    private void AddCall()
    {
        var request = new AddRequest { A = "40", B = "2", IdempotencyKey = keys == KeyKind.None ? "" : NewKey() };
        Span<byte> message = stackalloc byte[128];
        var length = request.CalculateSize();
        message[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(message[1..], length);
        request.WriteTo(message.Slice(5, length));
        if (latencies is not null)
        {
            _beginnings[(_stream - 1) / 2] = Stopwatch.GetTimestamp();
        }

        AddFrame(Headers, EndHeaders, _stream, _headerBlock);
        AddFrame(Data, EndStream, _stream, message[..(5 + length)]);
        _stream += 2;
        _begun++;
    }

    /// <summary>A UUID: of version 7, which begins with the time, or of version 4, which is random, and the worst that can happen to an index.</summary>
    private string NewKey()
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        if (keys == KeyKind.Ordered)
        {
            BinaryPrimitives.WriteInt64BigEndian(bytes, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() << 16);
            random.NextBytes(bytes[6..]);
        }

        return new Guid(bytes, bigEndian: true).ToString();
    }

    /// <summary>Takes all whole frames.</summary>
    /// <returns>How many bytes of the next one are there.</returns>
    private int Take(int held, long calls)
    {
        var at = 0;
        while (held - at >= FrameHeader)
        {
            var frame = _received.AsSpan(at);
            var length = (frame[0] << 16) | (frame[1] << 8) | frame[2];
            if (held - at < FrameHeader + length)
            {
                break;
            }

            Take(frame[3], frame[4], BinaryPrimitives.ReadInt32BigEndian(frame[5..]), frame.Slice(FrameHeader, length), calls);
            at += FrameHeader + length;
        }

        _received.AsSpan(at, held - at).CopyTo(_received);
        return held - at;
    }

    private void Take(byte type, byte flags, int stream, ReadOnlySpan<byte> payload, long calls)
    {
        switch (type)
        {
            case Data when payload.Length > 0:
                _messages++;
                break;
            case Headers when (flags & EndStream) != 0:
                _ended++;
                latencies?.RecordValue((long)Stopwatch.GetElapsedTime(_beginnings[(stream - 1) / 2]).TotalMicroseconds);
                if (_begun < calls)
                {
                    AddCall();
                }

                break;
            case Settings when (flags & Ack) == 0:
                AddFrame(Settings, Ack, 0, []);
                break;
            case Ping when (flags & Ack) == 0:
                AddFrame(Ping, Ack, 0, payload);
                break;
            case Reset or GoAway:
                throw new IOException($"The server ended a call or the connection: frame type {type}.");
        }
    }

    private void AddFrame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var frame = Room(FrameHeader + payload.Length);
        BinaryPrimitives.WriteInt32BigEndian(frame, (payload.Length << 8) | type);
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame[5..], stream);
        payload.CopyTo(frame[FrameHeader..]);
    }

    private Span<byte> Room(int bytes)
    {
        if (_length + bytes > _toSend.Length)
        {
            Array.Resize(ref _toSend, 2 * (_length + bytes));
        }

        _length += bytes;
        return _toSend.AsSpan(_length - bytes, bytes);
    }

    private async ValueTask FlushAsync()
    {
        for (var sent = 0; sent < _length;)
        {
            sent += await _socket.SendAsync(_toSend.AsMemory(sent, _length - sent));
        }

        _length = 0;
    }

    /// <summary>HPACK without any table of its own: fields of the static table, and literals that aren't to be remembered.</summary>
    private static byte[] HeaderBlock(Uri server)
    {
        var block = new List<byte> { 0x83, 0x86, 0x04 };
        AddText("/tally.v1.Calculator/Add");
        block.Add(0x01);
        AddText(server.Authority);
        block.AddRange([0x0f, 0x10]);
        AddText("application/grpc");
        block.Add(0x00);
        AddText("te");
        AddText("trailers");
        return [.. block];

        void AddText(string text)
        {
            block.Add((byte)text.Length);
            block.AddRange(Encoding.ASCII.GetBytes(text));
        }
    }
}
