"""What people are told about each code: Japanese is the message id, English comes from the catalogue.

`_` only marks the sentences for the catalogue; they are translated when shown.
"""

from __future__ import annotations


def _(sentence: str) -> str:
    return sentence


# Wrong input, shown at its field.
PROBLEMS = {
    "attendees_missing": _("担当者を1名以上選んでください。"),
    "attendee_twice": _("同じ担当者が2回選ばれています。"),
    "attendee_unknown": _("登録のない担当者が含まれています。選び直してください。"),
    "attendee_reserved": _("追加した担当者には、候補の時間に確定した予定があります。"),
    "organizer_not_attending": _("主催者は担当者の中から選んでください。"),
    "organizer_hosts_meeting": _("確定後は、主催者を変更できません。"),
    "candidates_missing": _("日時候補を1つ以上選んでください。"),
    "candidates_too_many": _("日時候補は%(most)s件までです。"),
    "day_missing": _("日付を選んでください。"),
    "finish_before_begin": _(
        "終了は開始より後にしてください。日付をまたぐ候補は、24:00で2つに分けてください。"
    ),
    "moved_in_past": _("過去の日時には変更できません。"),
    "moved_too_long": _("予定は%(hours)s時間までにしてください。"),
    "same_time": _("いまと同じ日時です。"),
    "candidate_in_past": _("過去の日時は候補にできません。"),
    "candidate_reversed": _("終了は開始より後にしてください。"),
    "candidate_too_long": _("1つの候補は%(hours)s時間までです。"),
    "candidate_too_short": _("1つの候補は%(minutes)s分以上にしてください。"),
    "candidate_off_grid": _("候補の開始と終了は%(minutes)s分単位にしてください。"),
    "candidate_overlaps": _("ほかの候補と時間が重なっています。"),
    "candidate_reserved": _("この時間には、担当者または会議室の確定した予定があります。"),
    "candidate_unknown": _("この日時候補は見つかりません。一覧から選び直してください。"),
    "candidate_moved": _("お選びの日時は%(to)sに変わりました。もう一度お選びください。"),
    "candidate_missing": _("日時を1つ選んでください。"),
    "candidate_all_day": _("終日の予定は、日時が決まっているものとして登録するときだけ選べます。"),
    "candidate_no_midnight": _("終日の予定は、日付だけで選んでください。"),
    "direct_needs_one_time": _("日時を決めて登録するときは、日時を1つだけ選んでください。"),
    "direct_missing": _("日付を正しく入力してください。"),
    "direct_in_past": _("過去の日時は登録できません。"),
    "direct_reversed": _("終了は開始より後にしてください。日をまたぐときは、終了日も入力してください。"),
    "direct_too_short": _("予定は%(minutes)s分以上にしてください。"),
    "direct_too_long": _("1回の予定は%(days)s日までにしてください。"),
    "direct_reserved": _("%(who)sに確定した予定があるため、この日時には登録できません。"),
    "series_reserved": _("%(who)sに確定した予定がある日が含まれています: %(days)s"),
    "until_missing": _("くり返しの最後の日を入力してください。"),
    "until_too_soon": _("くり返しの最後の日を、2回目以降になるように選んでください。"),
    "until_too_late": _("くり返しが%(most)s回を超えます。最後の日を早めてください。"),
    "recurrence_needs_direct": _("くり返しは、日時を決めて登録するときだけ使えます。"),
    "recurrence_starts_on_weekend": _("平日のくり返しは、平日から始めてください。"),
    "occurrences_out_of_range": _("回数は2回から%(most)s回までで入力してください。"),
    "occurrences_overlap": _("次の回が始まる前に、前の回が終わりません。間隔を広げるか、短くしてください。"),
    "hosts_reserved": _("この時間は、会社のZoomのホストがほかの会議で使われています。"),
    "occurrence_reserved": _("くり返しのうち%(day)sに、担当者または会議室の確定した予定があります。"),
    "recurrence_too_long": _("くり返しは、初回から%(years)s年までにしてください。"),
    "interval_out_of_range": _("間隔は1から%(most)sまでで入力してください。"),
    "waiting_room_excludes_early": _(
        "待機室を使うときは、主催者より先に入れません。待機室か、先に入れる設定のどちらかを選んでください。"
    ),
    "room_unknown": _("この会議室は登録されていません。"),
    "place_missing": _("訪問先の場所を入力してください。"),
    "reception_excludes_meeting": _(
        "来訪では受付コードを使うため、Web会議のURLは発行できません。どちらか一方を選んでください。"
    ),
    "platform_needs_web": _("Web会議のURLは、種類が「Web会議」のときだけ発行できます。"),
    "platform_not_available": _("このWeb会議サービスにはまだ対応していません。"),
    "zoom_not_linked": _(
        "主催者のZoomが連携されていないか、連携が切れています。主催者か会議の種類を変えてください。"
    ),
    "url_missing": _(
        "Web会議のURLを入力してください。主催者が「設定」で固定URLを登録すると、空欄でも使えます。"
    ),
    "url_invalid": _("http:// または https:// で始まるURLを入力してください。"),
    "url_not_expected": _("URLは、会議の種類が「固定URL」のときだけ入力できます。"),
    "too_long": _("%(most)s文字以内で入力してください。"),
    "too_long_there": _("%(field)sは%(most)s文字以内で入力してください。"),
    "control_character": _("改行などの制御文字は使えません。"),
    "email_invalid": _("メールアドレスの形を確かめてください(例: name@example.com)。"),
    "email_empty": _("メールアドレスを入力してください。"),
    "email_missing": _("メールアドレスを入力してください。確定のお知らせをお送りします。"),
    "email_needed_for_mail": _("メールで送るには、お客様のメールアドレスが必要です。"),
    "name_needed_for_link": _("リンクだけを発行するときは、お客様のお名前が必要です。"),
    "subject_missing": _("メールの件名を入力してください。"),
    "text_missing": _("本文を入力してください。"),
    "messages_too_many": _("一度に送れるのは%(most)s件までです。"),
    "nobody_chosen": _("送り先を1件以上選んでください。"),
    "name_missing": _("お名前を入力してください。"),
    "phone_missing": _("お電話番号を入力してください。"),
    "time_zone_unknown": _("このタイムゾーンは見つかりません。"),
    "locale_unknown": _("日本語(ja)か英語(en)を選んでください。"),
    "deadline_in_past": _("回答期限には未来の日時を指定してください。"),
    "reminders_missing": _("お知らせを1つ以上残してください。"),
    "reminders_too_many": _("お知らせは%(most)sつまでです。"),
    "reminder_twice": _("当日のお知らせは1つだけ選べます。"),
    "reminder_hour_invalid": _("時刻の形を確かめてください(例: 07:00)。"),
    "reminder_out_of_range": _("%(least)s分前から%(days)s日前までの数字で入力してください。"),
    "calendar_gone": _("このカレンダーはなくなったか、書き込めません。選び直してください。"),
    "calendar_of_room": _("このカレンダーは%(room)sが使っています。別のカレンダーを選んでください。"),
    "calendar_not_there": _(
        "このアドレスのカレンダーが見つからないか、このアカウントでは開けません。アドレスと共有の設定を確かめてください。"
    ),
    "calendar_read_only": _(
        "このカレンダーの予定は見られますが、書き込めません。変更の権限を付けて共有してから、もう一度お試しください。"
    ),
    "calendar_unreachable": _("いま確かめられません。しばらくしてから、もう一度お試しください。"),
    "caldav_token_refused": _(
        "ユーザー名かパスワードが違います。アプリ用パスワードを作り直して試してください。"
    ),
    "caldav_not_caldav": _(
        "このアドレスにカレンダーが見つかりません。サーバーのアドレスを確かめてください。"
    ),
    "caldav_no_calendar": _("書き込めるカレンダーがありません。サーバーでカレンダーを1つ作ってください。"),
    "caldav_address_invalid": _("アドレスの形を確かめてください(例: https://cloud.example.com)。"),
    "caldav_address_not_allowed": _(
        "社内のネットワークにあるサーバーは、管理者が許可したものだけ使えます。管理者に伝えてください。"
    ),
    "caldav_https_required": _("パスワードを守るため、https:// で始まるアドレスが必要です。"),
    "caldav_redirected": _("別のサーバーに転送されました。転送先のアドレスを直接入力してください。"),
    "caldav_certificate": _("サーバーの証明書を信頼できません。サーバーの管理者に伝えてください。"),
    "caldav_unreachable": _(
        "サーバーにつながりません。アドレスを確かめるか、しばらくしてからお試しください。"
    ),
    "caldav_other": _("サーバーに断られました。アドレスと権限を確かめてください。"),
    "seats_invalid": _("席数は0から%(most)sまでの数字で入力してください。"),
    "unknown_field": _("この項目は使えません。"),
    "missing": _("必須の項目です。"),
    "unknown_value": _("選べない値です。"),
    "wrong_type": _("値の形が正しくありません。"),
    "time_without_offset": _("時刻にはUTCとの差を付けてください(例: 2026-11-25T10:00:00+09:00)。"),
    "time_invalid": _("日時の形を確かめてください(例: 2026-11-25T10:00:00+09:00)。"),
}

# Refused decisions, and requests that can't be served.
REFUSALS = {
    "invalid": _("入力を確かめてください。入力した内容はそのまま残っています。"),
    "not_found": _("ページが見つかりません。アドレスを確かめてください。"),
    "already_exists": _("すでに登録されています。"),
    "already_confirmed": _("すでに別の日時で確定しています。"),
    "candidate_moved": _("お選びの日時が変わったため、まだ確定していません。新しい日時をご確認ください。"),
    "candidate_taken": _("申し訳ありません。この日時はたった今埋まりました。ほかの日時をお選びください。"),
    "candidate_withdrawn": _("この日時候補は取り下げられました。ほかの日時をお選びください。"),
    "candidate_passed": _("この日時はすでに過ぎています。ほかの日時をお選びください。"),
    "cancelled": _("このアポイントメントはキャンセルされました。"),
    "expired": _("回答期限を過ぎたため、日程調整は終了しました。"),
    "declined": _("この日程調整は辞退されました。"),
    "revoked": _("このリンクは無効になりました。"),
    "not_proposed": _("日程調整はすでに終わっているため、この操作はできません。"),
    "not_confirmed": _("日時がまだ決まっていないため、この操作はできません。"),
    "no_conference": _("このアポイントメントに、調整アポが発行するWeb会議はありません。"),
    "series_stands": _("くり返しの予定は、まとめて動かせません。回ごとにキャンセルしてください。"),
    "last_occurrence": _("残りはこの回だけです。やめるときは、アポイントメントをキャンセルしてください。"),
    "last_candidate": _("最後の日時候補は取り下げられません。やめる場合はキャンセルしてください。"),
    "not_asked": _(
        "この確認には、すでに回答があったか、予定が元に戻っています。いまの状態を確かめてください。"
    ),
    "over": _("すでに終わったアポイントメントです。"),
    "erased": _("このアポイントメントのお客様の情報は消去されています。新しい内容は書き加えられません。"),
    "not_over": _("まだ終わっていないアポイントメントです。先にキャンセルしてください。"),
    "busy": _("ただいま混み合っています。入力はそのままです。少し待ってからもう一度お試しください。"),
    "unauthorized": _("サインインが必要です。"),
    "forbidden": _("この操作は管理者だけができます。"),
    "foreign_form": _(
        "ほかのサイトから送られたため、受け付けませんでした。このページからもう一度送信してください。"
    ),
    "form_expired": _("ページを開いてから時間がたちました。入力はそのままです。もう一度送信してください。"),
    "too_many_requests": _("短い間に操作が集中しています。少し待ってからもう一度お試しください。"),
    "idempotency_key_reused": _("このIdempotency-Keyは別の内容ですでに使われています。"),
    "bad_request": _("リクエストを読み取れませんでした。"),
    "method_not_allowed": _("この操作はできません。"),
    "too_large": _("送信された内容が大きすぎます。"),
    "not_acceptable": _("JSONで送ってください(Content-Type: application/json)。"),
    "internal": _(
        "申し訳ありません。こちらの不具合で処理できませんでした。時間をおいてもう一度お試しください。"
    ),
}

# What happened, for the timeline; by the event's stored name and, where it is no appointment, by what.
HAPPENED = {
    "appointment.proposed": _("日時候補を%(count)s件提案しました。"),
    "appointment.proposed instead": _(
        "確定している予定の日程を調整し直すため、日時候補を%(count)s件提案しました。"
    ),
    "appointment.proposed direct": _("日時を決めて登録しました: %(slots)s"),
    "appointment.proposed series": _("くり返しの予定を%(count)s回分、登録しました。初回: %(first)s"),
    "appointment.candidates-added": _("日時候補を追加しました: %(slots)s"),
    "appointment.candidate-withdrawn": _("日時候補を取り下げました: %(slots)s"),
    "appointment.candidate-withdrawn deleted": _(
        "%(whose)sのカレンダーで仮予定が削除されたため、候補を取り下げました: %(slots)s"
    ),
    "appointment.candidate-withdrawn moved": _(
        "%(whose)sのカレンダーで仮予定が%(to)sへ動かされたため、候補を取り下げました: %(slots)s"
    ),
    "appointment.candidate-moved": _(
        "%(whose)sのカレンダーで仮予定が動かされたため、候補の日時を変えました: %(slots)s → %(to)s"
    ),
    "appointment.entry-deviated deleted": _(
        "%(whose)sのカレンダーから予定がなくなったようです。確かめています: %(slots)s"
    ),
    "appointment.entry-deviated moved": _(
        "%(whose)sのカレンダーで予定が%(to)sへ動いたようです。確かめています: %(slots)s"
    ),
    "appointment.entry-restored": _(
        "%(whose)sのカレンダーの予定が、元のとおりであることを確かめました: %(slots)s"
    ),
    "appointment.organizer-asked deleted": _(
        "%(whose)sのカレンダーで予定が削除されました。どうするかの回答を待っています: %(slots)s"
    ),
    "appointment.organizer-asked moved": _(
        "%(whose)sのカレンダーで予定が%(to)sへ動かされました。どうするかの回答を待っています: %(slots)s"
    ),
    "appointment.organizer-answered keep": _(
        "この日時のままにして、%(whose)sのカレンダーの予定を元に戻すことにしました: %(slots)s"
    ),
    "appointment.organizer-answered reschedule": _(
        "日程を調整し直すことにしました。新しい日時が決まるまでは、この日時が有効です: %(slots)s"
    ),
    "appointment.organizer-answered cancel_occurrence": _(
        "この回だけキャンセルすることにしました: %(slots)s"
    ),
    "appointment.organizer-answered cancel": _("キャンセルすることにしました: %(slots)s"),
    "appointment.candidate-taken": _("別のアポイントメントが確定したため、候補が埋まりました: %(slots)s"),
    "appointment.candidate-taken calendar": _(
        "カレンダーにほかの予定が入ったため、候補が埋まりました: %(slots)s"
    ),
    "appointment.candidate-passed": _("回答のないまま候補の開始時刻を過ぎました: %(slots)s"),
    "appointment.edited": _("内容を変更しました。"),
    "appointment.attendees-changed": _("担当者を変更しました。"),
    "appointment.request-resent": _("依頼メールを再送しました。"),
    "appointment.link-reissued": _("お客様用リンクを再発行しました。以前のリンクは無効です。"),
    "appointment.confirmed": _("日時が確定しました: %(slots)s"),
    "appointment.overlap-noticed": _("確定した日時に、カレンダーのほかの予定が重なっています: %(slots)s"),
    "appointment.meeting-issued": _("Web会議のURLを発行しました。"),
    "appointment.meeting-issued again": _("新しいWeb会議のURLを発行しました。以前のURLは使えません。"),
    "appointment.meeting-issued changed": _("Web会議の参加方法が変わりました。"),
    "appointment.meeting-requested": _("Web会議を発行することにしました。"),
    "appointment.meeting-requested again": _("Web会議のURLを再発行することにしました。"),
    "appointment.meeting-options-chosen": _("Web会議の設定を変更しました。"),
    "appointment.meeting-options-applied": _("発行済みのWeb会議に、いまの設定を反映しました。"),
    "appointment.meeting-vanished": _("Web会議がZoomで削除されていました。どうするかの回答を待っています。"),
    "appointment.meeting-forgone": _("Web会議なしで続けることにしました。"),
    "appointment.meeting-withdrawn": _("Zoomの連携を解除して会議を削除したため、新しいWeb会議を発行します。"),
    "appointment.moved": _("日時を変更しました: %(slots)s → %(to)s"),
    "appointment.occurrence-cancelled": _("この回をキャンセルしました: %(slots)s"),
    "appointment.message-sent": _("お客様にメッセージを送りました。"),
    "appointment.meeting-delayed": _("Web会議のURLが間に合わないため、確定メールを先に送りました。"),
    "appointment.cancelled": _("キャンセルしました。"),
    "appointment.expired": _("回答のないまま期限を過ぎ、終了しました。"),
    "appointment.guest-erased": _("お客様の情報を消去しました。"),
}
